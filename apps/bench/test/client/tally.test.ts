import { describe, expect, it } from "@jest/globals";
import { createBody } from "../../src/body.ts";
import { Tally } from "../../src/client/tally.ts";
import { nowUs } from "../../src/clock.ts";
import { Histogram } from "../../src/histogram.ts";

const text = (seq: number, dueUs: number): string => `42${JSON.stringify(["event", createBody(seq, dueUs)])}`;

describe("a tally", () => {
  it("measures from when an event was due, of first arrivals alone", () => {
    const tally = new Tally();
    for (const seq of [0, 0, 1]) tally.events(1, text(seq, nowUs() - 50_000), () => false);
    const { latency, distinct, duplicates, frames } = tally.report();
    expect({ distinct, duplicates, frames }).toEqual({ distinct: 2, duplicates: 1, frames: 3 });
    const histogram = Histogram.from(latency);
    expect(histogram.total).toBe(2);
    expect(histogram.quantile(0)).toBeGreaterThanOrEqual(50_000);
  });

  it("throws for what comes before it is due", () => {
    const early = text(0, nowUs() + 1_000_000);
    expect(() => new Tally().events(1, early, () => false)).toThrow("the clocks disagree");
  });

  it("tells how many came since somebody watches", () => {
    const tally = new Tally();
    const counts: number[] = [];
    tally.events(1, text(0, 0), () => false);
    tally.watch((count) => counts.push(count));
    for (const seq of [1, 1, 2]) tally.events(1, text(seq, 0), () => false);
    expect(counts).toEqual([1, 1, 2]);
  });
});
