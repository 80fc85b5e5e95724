import { describe, expect, it } from "@jest/globals";

import { lineThrough, wakeUsOf } from "../../src/sizing/wake.ts";

const used = (requestsPerS: number, requestUs: number, idleUs: number) => ({
  requestsPerS,
  usPerS: idleUs + requestsPerS * requestUs,
});

describe("waking", () => {
  it("finds what a request costs and what the process uses besides from two rates", () => {
    const line = lineThrough(used(500, 90, 7_000), used(100, 90, 7_000));
    expect(line.requestUs).toBeCloseTo(90);
    expect(line.idleUs).toBeCloseTo(7_000);
  });

  it("costs what a request takes beyond its work, and more where some found the process at work", () => {
    expect(wakeUsOf(used(1, 90, 0), used(0.5, 90, 0), 20)).toBeCloseTo(70, 1);
    // At work for a tenth of the time on the mean: 300,000 and 100,000 us of two seconds.
    expect(wakeUsOf(used(1_500, 200, 0), used(500, 200, 0), 20)).toBeCloseTo(180 / 0.8);
  });
});
