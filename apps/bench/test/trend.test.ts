import { describe, expect, it } from "@jest/globals";
import { growth, lowest, slopePerHour } from "../src/trend.ts";

/** A minute of samples, one a second. */
const samples = (valueOf: (atS: number) => number) =>
  Array.from({ length: 60 }, (_, atS) => [atS, valueOf(atS)] as const);

describe("a trend", () => {
  it("is the growth an hour of the line that fits best", () => {
    expect(slopePerHour(samples((atS) => 100 + atS / 60))).toBeCloseTo(60);
    expect(slopePerHour(samples(() => 100))).toBeCloseTo(0);
    expect(slopePerHour(samples((atS) => 100 - atS))).toBeCloseTo(-3_600);
    expect(slopePerHour([])).toBeNaN();
  });

  it("is read from low points where values go up and down", () => {
    const saw = samples((atS) => 50 + (atS % 7) * 10);
    const low = lowest(saw, 4);
    expect(low).toHaveLength(4);
    expect(low.map(([, value]) => value)).toEqual([50, 50, 50, 50]);
    const steps = lowest(
      samples((atS) => Math.floor(atS / 15)),
      4,
    );
    expect(steps.map(([, value]) => value)).toEqual([0, 1, 2, 3]);
  });

  it("tells by which share the last third is above the first", () => {
    expect(growth(samples((atS) => (atS < 30 ? 100 : 110)))).toBeCloseTo(0.1);
    expect(growth(samples(() => 100))).toBeCloseTo(0);
  });
});
