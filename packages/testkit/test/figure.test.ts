import { describe, expect, it } from "@jest/globals";

import { type Figure, isReached, median, NEVER, quantile, summarize, toTable } from "../src/figure.ts";

/** One figure of three repetitions, judged. */
function judge(values: readonly number[], limit: Figure["limit"]): boolean | undefined {
  const figures = values.map((value) => [{ name: "it", unit: "", value, ...(limit === undefined ? {} : { limit }) }]);
  return summarize(figures).map(isReached)[0];
}

describe("figures", () => {
  it("are judged by the middle repetition, or by the worst where something must never happen", () => {
    expect(judge([1, 9, 2], { kind: "at most", value: 2 })).toBe(true);
    expect(judge([1, 9, 3], { kind: "at most", value: 2 })).toBe(false);
    expect(judge([5, 4, 1], { kind: "at least", value: 4 })).toBe(true);
    expect(judge([5, 3, 1], { kind: "at least", value: 4 })).toBe(false);
    expect(judge([0, 0, 1], NEVER)).toBe(false);
    expect(judge([0, 0, 0], NEVER)).toBe(true);
    expect(judge([5, 5, 1], { kind: "at least", value: 4, by: "worst" })).toBe(false);
  });

  it("are not reached where nothing was measured, and not judged without a limit", () => {
    expect(judge([Number.NaN], { kind: "at most", value: 2 })).toBe(false);
    expect(judge([Number.NaN], { kind: "at least", value: 2 })).toBe(false);
    expect(judge([0, Number.NaN], NEVER)).toBe(false);
    expect(judge([7], undefined)).toBeUndefined();
  });

  it("take quantiles of unsorted values", () => {
    const values = Array.from({ length: 100 }, (_, index) => 99 - index);
    expect([median(values), quantile(values, 0.99), quantile(values, 1), median([])]).toEqual([50, 99, 99, Number.NaN]);
  });

  it("become a table, a row per figure with every repetition in it", () => {
    const repetition = (ms: number, faults: number): Figure[] => [
      { name: "time", value: ms, unit: "ms", limit: { kind: "at most", value: 1_000 } },
      { name: "faults", value: faults, unit: "", limit: NEVER },
      { name: "share", value: 0.125, unit: "" },
    ];
    const table = toTable("a title", summarize([repetition(90.5, 0), repetition(1_200, 1), repetition(800.4, 0)]));
    expect(table.split("\n")).toEqual([
      "a title",
      "",
      "| figure | median | each | limit | reached |",
      "|---|---|---|---|---|",
      "| time, ms | 800 | 90.50 1200 800 | at most 1000 | yes |",
      "| faults | 0 | 0 1 0 | at most 0 | **no** |",
      "| share | 0.13 | 0.13 0.13 0.13 |  |  |",
      "",
    ]);
  });
});
