import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { jitterMs, reconnectDelayMs } from "../src/back-off.ts";

const BACK_OFF = { baseMs: 500, maxMs: 30_000 };
const most = (): number => 0.999_999;

describe("jitterMs", () => {
  it("is drawn from zero to a bound that doubles up to the cap", () => {
    const bounds = [0, 1, 2, 3, 4, 5, 6, 7, 1_000].map((failures) =>
      Math.ceil(jitterMs(failures, most, BACK_OFF) + 0.5),
    );
    expect(bounds).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(jitterMs(9, () => 0, BACK_OFF)).toBe(0);
  });

  it("stays within its bounds for any draw and any number of failures", () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, draw) => {
        const waitMs = jitterMs(failures, () => draw, BACK_OFF);
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThan(Math.min(30_000, 500 * 2 ** failures));
      }),
    );
  });
});

describe("reconnectDelayMs", () => {
  it.each(["reconnect", "refresh-token"] as const)(
    "goes at once by %s the first time, after what the hub asked",
    (policy) => {
      expect(reconnectDelayMs(policy, 0, 0, most, BACK_OFF)).toBe(0);
      expect(reconnectDelayMs(policy, 0, 250, most, BACK_OFF)).toBe(250);
    },
  );

  it.each(["reconnect", "refresh-token", "back-off"] as const)("backs off by %s when it repeats", (policy) => {
    expect(reconnectDelayMs(policy, 2, 0, () => 0.5, BACK_OFF)).toBe(1_000);
    expect(reconnectDelayMs(policy, 2, 4_000, () => 0.5, BACK_OFF)).toBe(5_000);
  });

  it("backs off by back-off from the first time", () => {
    expect(reconnectDelayMs("back-off", 0, 0, () => 0.5, BACK_OFF)).toBe(250);
  });
});
