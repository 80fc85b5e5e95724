import { describe, expect, it } from "@jest/globals";
import { createHub, DEFAULTS, type HubOptions } from "../src/index.ts";
import { resolveOptions } from "../src/option.ts";

const GOOD: HubOptions = { redis: "redis://127.0.0.1:6379", source: "urn:test" };

describe("resolveOptions", () => {
  it("fills in the documented defaults", () => {
    expect(resolveOptions(GOOD)).toMatchObject({ ...DEFAULTS, source: "urn:test" });
    expect(resolveOptions({ ...GOOD, coalesce: { windowMs: 10 } }).coalesce).toEqual({ windowMs: 10, maxChars: 2_048 });
  });

  it.each<[string, Partial<HubOptions>]>([
    ["source", { source: "" }],
    ["redis", { redis: undefined as unknown as string }],
    ["coalesce.windowMs", { coalesce: { windowMs: -1 } }],
    ["coalesce.maxChars", { coalesce: { maxChars: 0 } }],
    ["buffer.maxEvents", { buffer: { maxEvents: 0 } }],
    ["buffer.timeoutMs", { buffer: { timeoutMs: Number.NaN } }],
    ["timeoutMs", { timeoutMs: 0 }],
    ["cancelGraceMs", { cancelGraceMs: Infinity }],
  ])("names the option that is wrong: %s", (name, wrong) => {
    expect(() => createHub({ ...GOOD, ...wrong })).toThrow(name);
  });
});
