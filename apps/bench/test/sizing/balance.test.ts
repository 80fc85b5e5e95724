import { describe, expect, it } from "@jest/globals";

import { skewOf, slotOf } from "../../src/sizing/balance.ts";

describe("the balance of masters", () => {
  it("finds slots as Redis does", () => {
    // The check value of the Cluster specification, modulo the slots; and what CLUSTER KEYSLOT answers for foo.
    expect(slotOf("123456789")).toBe(0x31c3);
    expect(slotOf("foo")).toBe(12_182);
  });

  it("is even with one master, and no busier than the most a master can have", () => {
    expect(skewOf(1, 1_024)).toBe(1);
    for (const masters of [2, 3, 16, 100]) {
      expect(skewOf(masters, 1_024)).toBeGreaterThanOrEqual(1);
      expect(skewOf(masters, 1_024)).toBeLessThanOrEqual(masters);
    }
  });

  it("is worse with more masters, and better with more partitions", () => {
    expect(skewOf(128, 1_024)).toBeGreaterThan(skewOf(8, 1_024));
    expect(skewOf(128, 16_384)).toBeLessThan(skewOf(128, 1_024));
  });
});
