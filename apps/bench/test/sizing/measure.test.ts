import { describe, expect, it } from "@jest/globals";

import type { ConstantName } from "../../src/sizing/constants.ts";
import { gather, measurePart } from "../../src/sizing/measure.ts";
import { constantsOf } from "./unit-constants.ts";

const spreadOf = (value: number) =>
  Object.fromEntries(Object.keys(constantsOf({})).map((name) => [name, [value, value]])) as Record<
    ConstantName,
    [number, number]
  >;

describe("measured constants", () => {
  it("are medians, never below 0, beside the least and the most", () => {
    const kept = { constants: constantsOf({}), spread: spreadOf(0) };
    const values = [3, 1, 2].map((us) => ({ redisEventUs: us, redisPushUs: -us }));
    const { constants, spread } = gather(values, kept);
    expect([constants.redisEventUs, constants.redisPushUs]).toEqual([2, 0]);
    expect([spread.redisEventUs, spread.redisPushUs]).toEqual([
      [1, 3],
      [-3, -1],
    ]);
  });

  it("leave alone what no part measured, and need all of them where nothing is kept", () => {
    const kept = { constants: constantsOf({ redisAckUs: 30 }), spread: spreadOf(7) };
    const { constants, spread } = gather([{ redisEventUs: 1 }], kept);
    expect([constants.redisAckUs, spread.redisAckUs]).toEqual([30, [7, 7]]);
    expect(() => gather([{ redisEventUs: 1 }], {})).toThrow("redisBatchedUs was never measured");
  });

  it("have a part for each name", async () => {
    await expect(measurePart("stroe")).rejects.toThrow("known are store, fleet, gateway, courier");
  });
});
