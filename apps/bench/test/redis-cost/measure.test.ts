import { describe, expect, it } from "@jest/globals";

import { measureRedisCost } from "../../src/redis-cost/measure.ts";

describe("measureRedisCost", () => {
  it("tells for every load what an event costs, and that a wave of publishes is one call", async () => {
    const loads: string[] = [];
    const figures = await measureRedisCost({ events: 1_000, onLoad: (name) => loads.push(name) });
    const value = (name: string): number => figures.find((figure) => figure.name === name)?.value ?? Number.NaN;
    expect(loads).toEqual(["pair", "publish", "publish, caller's ids", "publishMany, 10 a user"]);
    expect(value("pair: commands sent")).toBeCloseTo(2, 1);
    for (const load of loads.slice(1)) {
      expect(value(`${load}: commands sent`)).toBeCloseTo(0.01, 3);
      expect(value(`${load}: in`)).toBeGreaterThan(300);
      expect(value(`${load} / pair: Redis CPU`)).toBeGreaterThan(0);
    }
  });
});
