import { describe, expect, it } from "@jest/globals";
import { formatNumber, formatRatio, formatSpread } from "../../src/report/number.ts";

describe("numbers in the report", () => {
  it.each([
    [0, "0"],
    [0.012345, "0.0123"],
    [12.345, "12.3"],
    [999.9, "1,000"],
    [12_345.6, "12,346"],
    [Number.NaN, "none"],
  ])("shows %d as %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it("shows a spread where values differ, and a ratio where there is one", () => {
    expect(formatSpread(2, [1, 2, 3])).toBe("2 (1–3)");
    expect(formatSpread(2, [2, 2])).toBe("2");
    expect(formatRatio(1.239)).toBe("1.24 x");
    expect(formatRatio(Number.NaN)).toBe("");
  });
});
