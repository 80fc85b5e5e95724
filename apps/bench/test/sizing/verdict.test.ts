import { describe, expect, it } from "@jest/globals";

import { judge, MOST_PERCENT } from "../../src/sizing/verdict.ts";

const run = (masters: number, measured: number, predicted: number, what = "CPU") => ({
  masters,
  what,
  unit: "us",
  measured,
  predicted,
});

describe("the verdict", () => {
  it("is by the median of the repetitions, of each number of masters on its own", () => {
    const [one, two] = judge([run(2, 100, 125), run(1, 100, 110), run(1, 50, 110), run(2, 100, 79), run(1, 110, 110)]);
    expect(one).toMatchObject({ masters: 1, isWithin: true, measured: 100 });
    expect(one?.errors.map(Math.round)).toEqual([10, 120, 0]);
    expect(two).toMatchObject({ masters: 2, isWithin: false });
  });

  it("refuses too little as well as too much", () => {
    const at = (percent: number) => judge([run(1, 100, 100 + percent)])[0]?.isWithin;
    expect(at(MOST_PERCENT)).toBe(true);
    expect(at(-MOST_PERCENT)).toBe(true);
    expect(at(MOST_PERCENT + 1)).toBe(false);
    expect(at(-MOST_PERCENT - 1)).toBe(false);
  });

  it("is no for what could not be measured", () => {
    expect(judge([run(1, Number.NaN, 1)])[0]?.isWithin).toBe(false);
  });
});
