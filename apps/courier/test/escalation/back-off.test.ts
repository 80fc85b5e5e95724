import { describe, expect, it } from "@jest/globals";
import { assert, double, integer, nat, property } from "fast-check";
import { retryDelayMs } from "../../src/escalation/back-off.ts";

const below1 = double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("retryDelayMs", () => {
  it("stays between what the endpoint asked for and that plus an exponential bound that is capped", () => {
    assert(
      property(integer({ min: 1, max: 5_000 }), below1, nat(1e7), (attempt, random, afterMs) => {
        const ms = retryDelayMs(attempt, random, { baseMs: 100, maxMs: 60_000 }, afterMs);
        expect(Number.isSafeInteger(ms)).toBe(true);
        expect(ms).toBeGreaterThanOrEqual(afterMs);
        expect(ms).toBeLessThanOrEqual(afterMs + Math.min(60_000, 100 * 2 ** (attempt - 1)));
      }),
    );
  });

  it("doubles with every attempt until the cap", () => {
    const delays = [1, 2, 3, 4, 5].map((attempt) => retryDelayMs(attempt, 0.5, { baseMs: 100, maxMs: 1_000 }));
    expect(delays).toEqual([50, 100, 200, 400, 500]);
  });
});
