import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { closingPolicy, DoorstepError, type ErrorRow, ERRORS, isErrorCode, toDoorstepError } from "../src/index.ts";

const ROWS: [string, ErrorRow][] = Object.entries(ERRORS);

/** Cells of every row of a Markdown table whose first cell is code. */
function tableOf(path: string): string[][] {
  return readFileSync(join(__dirname, "../../..", path), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

describe("ERRORS", () => {
  it("gives every code a number of its own, in one of the ranges", () => {
    const numbers = ROWS.map(([, { number }]) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const number of numbers) {
      const isKnownRange = (number >= 100 && number < 200) || (number >= 4_000 && number < 5_000);
      expect([number, isKnownRange]).toEqual([number, true]);
    }
  });

  it.each(ROWS)("describes %s with a code, an HTTP status and a plain sentence", (code, { status, text }) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(text).not.toMatch(/\.$/);
  });

  it("calls a closing retryable exactly where its range does not say to stay away", () => {
    for (const [code, { number, retryable }] of ROWS.filter(([, row]) => row.number >= 4_000)) {
      expect([code, closingPolicy(number) !== "stay-away"]).toEqual([code, retryable]);
    }
  });

  it("is docs/reference/errors.md, row by row", () => {
    const documented = tableOf("docs/reference/errors.md").map((cells) => cells.slice(0, 6));
    const expected = ROWS.map(([code, { number, status, retryable, text }]) => [
      `\`${code}\``,
      String(number),
      String(status),
      retryable ? "yes" : "no",
      number >= 4_000 ? closingPolicy(number) : "",
      text,
    ]);
    expect(documented).toEqual(expected);
  });

  it("has an advice in every row of docs/reference/errors.md", () => {
    for (const [code, , , , , , advice] of tableOf("docs/reference/errors.md")) {
      expect([code, advice]).toEqual([code, expect.stringMatching(/\w{3}/)]);
    }
  });
});

describe("closingPolicy", () => {
  it.each([
    [3_999, "back-off"],
    [4_000, "reconnect"],
    [4_099, "reconnect"],
    [4_100, "back-off"],
    [4_299, "back-off"],
    [4_300, "refresh-token"],
    [4_399, "refresh-token"],
    [4_400, "back-off"],
    [4_499, "back-off"],
    [4_500, "stay-away"],
    [4_999, "stay-away"],
    [5_000, "back-off"],
    [118, "back-off"],
    [Number.NaN, "back-off"],
  ])("reads %d as %s", (number, policy) => {
    expect(closingPolicy(number)).toBe(policy);
  });
});

describe("DoorstepError", () => {
  it("says what the table says, then the detail", () => {
    const error = new DoorstepError("CONFLICT", "event a-1", { cause: "why" });
    expect(error).toMatchObject({ code: "CONFLICT", number: 105, status: 409, retryable: false, detail: "event a-1" });
    expect(error.message).toBe("the event id was used before for another event: event a-1");
    expect(error.cause).toBe("why");
    expect(new DoorstepError("CONFLICT").message).toBe(ERRORS.CONFLICT.text);
  });

  it("makes the answer that is sent", () => {
    const error = new DoorstepError("OVERLOADED");
    const answer = { code: "OVERLOADED", number: 4_101, message: "this gateway has no room now", retryable: true };
    expect(error.toAnswer()).toEqual(answer);
    expect(error.toAnswer(50)).toEqual({ ...answer, afterMs: 50 });
  });

  it("is made of anything thrown", () => {
    const error = new DoorstepError("NOT_FOUND");
    expect(toDoorstepError(error)).toBe(error);
    expect(toDoorstepError("text")).toMatchObject({ code: "INTERNAL", cause: "text" });
  });

  it("knows its codes, and no name of Object's", () => {
    expect(isErrorCode("INTERNAL")).toBe(true);
    for (const value of ["constructor", "__proto__", "", 7, null, undefined]) expect(isErrorCode(value)).toBe(false);
  });
});
