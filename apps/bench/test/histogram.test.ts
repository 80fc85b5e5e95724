import { describe, expect, it } from "@jest/globals";
import { quantile } from "@doorstep/testkit";
import fc from "fast-check";
import { Histogram } from "../src/histogram.ts";

const durations = fc.array(fc.integer({ min: 0, max: 60_000_000 }), { minLength: 1, maxLength: 300 });

function record(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe("a histogram", () => {
  it("tells quantiles that are at most 1 % above the exact ones", () => {
    fc.assert(
      fc.property(durations, fc.constantFrom(0.01, 0.5, 0.99, 0.999, 1), (values, share) => {
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? Number.NaN;
        const told = record(values).quantile(share);
        expect(told).toBeGreaterThanOrEqual(exact);
        expect(told).toBeLessThanOrEqual(exact * 1.01);
      }),
    );
  });

  it("is exact below 128 us", () => {
    const values = Array.from({ length: 128 }, (_, us) => us);
    for (const us of [0, 1, 63, 127]) expect(record(values).quantile((us + 1) / 128)).toBe(us);
  });

  it("put together from two is the one of all values, also by way of JSON", () => {
    fc.assert(
      fc.property(durations, durations, (a, b) => {
        const merged = Histogram.from(JSON.parse(JSON.stringify(record(a))));
        merged.merge(record(b));
        expect(merged.toJSON()).toEqual(record([...a, ...b]).toJSON());
        expect(merged.total).toBe(a.length + b.length);
      }),
    );
  });

  it("gives the points of its distribution, the last with everything", () => {
    const points = record([10, 10, 20, 1_000]).points();
    expect(points.map(({ share }) => share)).toEqual([0.5, 0.75, 1]);
    expect(points.map(({ us }) => us).slice(0, 2)).toEqual([10, 20]);
  });

  it("takes what is out of its range for the nearest it knows", () => {
    const histogram = record([-5, 1e12]);
    expect(histogram.quantile(0.5)).toBe(0);
    expect(histogram.quantile(1)).toBeGreaterThan(60e9);
  });

  it("is empty after a reset", () => {
    const histogram = record([1, 2]);
    histogram.reset();
    expect(histogram.total).toBe(0);
    expect(quantile([], 0.5)).toBe(histogram.quantile(0.5));
  });
});
