import { describe, expect, it } from "@jest/globals";
import { formatTable, printable } from "../src/table.ts";

describe("printable", () => {
  it("writes what a terminal would obey as escapes, and leaves the rest", () => {
    expect(printable("a\u001b[2J\r\n\u0000\u009b\u202eb")).toBe("a\\u{1b}[2J\\u{d}\\u{a}\\u{0}\\u{9b}\\u{202e}b");
    expect(printable("Zoë 東京 \\u{1b}")).toBe("Zoë 東京 \\u{1b}");
  });
});

describe("formatTable", () => {
  it("aligns columns, numbers to the right", () => {
    expect(
      formatTable(
        ["ID", "N", "USER"],
        [
          ["a", 5, "x"],
          ["long", 1_000, ""],
        ],
      ),
    ).toEqual(["ID       N  USER", "a        5  x", "long  1000"]);
  });

  it("is its headings where there are no rows", () => {
    expect(formatTable(["A", "B"], [])).toEqual(["A  B"]);
  });
});
