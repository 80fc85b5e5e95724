import { describe, expect, it } from "@jest/globals";
import { assert, double, nat, property } from "fast-check";

import { backOffMs, RetryGate } from "../src/retry-gate.ts";

describe("backOffMs", () => {
  it("stays between no pause and an exponential bound that is capped", () => {
    assert(
      property(nat(2_000), double({ min: 0, max: 1, noNaN: true }), (tries, random) => {
        const ms = backOffMs(tries, random);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(Math.min(2_000, 50 * 2 ** tries));
      }),
    );
  });
});

describe("the retry gate", () => {
  it("opens for all at once, by their turns, and knows whose appends wait", async () => {
    const gate = new RetryGate();
    const passed: string[] = [];
    const waiting = ["ann 3", "bob 1", "ann 2"].map((append) =>
      gate.wait(append.slice(0, 3), Number(append.slice(4)), 30).then(() => passed.push(append)),
    );
    expect([gate.holds("ann"), gate.holds("bob"), gate.holds("cy")]).toEqual([true, true, false]);
    gate.open();
    await Promise.all(waiting);
    expect(passed).toEqual(["bob 1", "ann 2", "ann 3"]);
    expect(gate.holds("ann")).toBe(false);
  });

  it("opens by itself after a pause", async () => {
    const gate = new RetryGate();
    await Promise.all([gate.wait("ann", 0, 0), gate.wait("ann", 1, 30)]);
    expect(gate.holds("ann")).toBe(false);
  });
});
