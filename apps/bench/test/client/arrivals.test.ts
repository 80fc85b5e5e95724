import { describe, expect, it } from "@jest/globals";
import { Arrivals } from "../../src/client/arrivals.ts";
import { Histogram } from "../../src/histogram.ts";

describe("arrivals", () => {
  it("tell the longest hole of each user who got something before and after it", () => {
    const arrivals = new Arrivals();
    for (const atUs of [1_000, 1_050, 1_170, 1_200]) arrivals.frame(5, atUs);
    for (const atUs of [1_000, 1_010]) arrivals.frame(9, atUs);
    arrivals.frame(2, 1_300);
    const { lastUs, holes } = arrivals.report();
    expect(lastUs).toBe(1_300);
    expect(Histogram.from(holes).toJSON()).toEqual([
      [10, 1],
      [120, 1],
    ]);
  });

  it("keep the late ones where somebody asked", () => {
    const arrivals = new Arrivals();
    arrivals.event(0, 1_000);
    arrivals.lateOverUs = 100;
    arrivals.event(0, 100);
    arrivals.event(50, 151);
    expect(arrivals.late).toEqual([[50, 151]]);
    arrivals.reset();
    expect(arrivals.late).toEqual([]);
    expect(arrivals.report()).toEqual({ lastUs: 0, holes: [] });
  });
});
