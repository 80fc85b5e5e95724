import { describe, expect, it } from "@jest/globals";
import { isFailure, outcomeOf } from "../../src/escalation/outcome.ts";
import type { Answer } from "../../src/escalation/request.ts";

const NOW_MS = Date.parse("2026-01-02T03:04:05Z");

function answered(status: number, retryAfter?: string): Answer {
  return { kind: "answered", status, ...(retryAfter !== undefined && { retryAfter }) };
}

/** The outcome, and whether a circuit counts it as a failure. */
function kindOf(status: number): [string, boolean] {
  return [outcomeOf(answered(status), NOW_MS).kind, isFailure(answered(status))];
}

function afterMs(retryAfter: string): number | undefined {
  const outcome = outcomeOf(answered(429, retryAfter), NOW_MS);
  return outcome.kind === "retry" ? outcome.afterMs : Number.NaN;
}

describe("outcomeOf", () => {
  it("gives every status its outcome", () => {
    for (const status of [200, 201, 202, 204, 299]) expect(kindOf(status)).toEqual(["delivered", false]);
    for (const status of [408, 425, 429, 500, 502, 503, 504, 599]) expect(kindOf(status)).toEqual(["retry", true]);
    for (const status of [300, 301, 302, 304, 307, 308]) expect(kindOf(status)).toEqual(["refused", false]);
    for (const status of [400, 401, 403, 404, 405, 413, 422]) expect(kindOf(status)).toEqual(["refused", false]);
    expect(kindOf(410)).toEqual(["gone", false]);
    expect(kindOf(600)).toEqual(["refused", false]);
  });

  it("tries again what failed, and not what the guard refused", () => {
    expect(outcomeOf({ kind: "failed", reason: "timeout" }, NOW_MS)).toEqual({ kind: "retry", reason: "timeout" });
    expect(outcomeOf({ kind: "refused", reason: "private" }, NOW_MS)).toEqual({ kind: "refused", reason: "private" });
    expect(isFailure({ kind: "failed", reason: "timeout" })).toBe(true);
    expect(isFailure({ kind: "refused", reason: "private" })).toBe(false);
  });

  it("honours Retry-After in seconds and as a date, up to an hour", () => {
    expect(afterMs("7")).toBe(7_000);
    expect(afterMs("Fri, 02 Jan 2026 03:05:05 GMT")).toBe(60_000);
    expect(afterMs("Fri, 02 Jan 2026 03:00:00 GMT")).toBe(0);
    expect(afterMs("99999999")).toBe(3_600_000);
    expect(afterMs("Fri, 02 Jan 2099 03:05:05 GMT")).toBe(3_600_000);
    expect(afterMs("soon")).toBeUndefined();
    expect(afterMs("")).toBeUndefined();
  });
});
