import { describe, expect, it } from "@jest/globals";
import { z } from "zod";

import {
  bytes,
  durationMs,
  field,
  flag,
  integer,
  list,
  notesOf,
  oneOf,
  secret,
  text,
  url,
} from "../src/config-field.ts";

const REFUSED = Symbol("refused");
const read = (schema: z.ZodType, value: string): unknown => {
  const result = schema.safeParse(value);
  return result.success ? result.data : REFUSED;
};

describe("kinds of setting", () => {
  const words = list({ expects: "words", item: (word) => (/^[a-z]+$/.test(word) ? word : undefined) });

  it.each([
    ["a whole number", integer(), "0", 0],
    ["a whole number with a sign, where it is allowed", integer({ min: -5 }), "-5", -5],
    ["a duration", durationMs(), "10000", 10_000],
    ["a size", bytes({ min: 1 }), "65536", 65_536],
    ["text", text(), "a b", "a b"],
    ["a word", oneOf(["info", "warn"]), "warn", "warn"],
    ["true", flag(), "true", true],
    ["1", flag(), "1", true],
    ["false", flag(), "false", false],
    ["0", flag(), "0", false],
    ["a URL, as it was written", url(), "https://Example.org", "https://Example.org"],
    ["a list", words, "a, b ,c", ["a", "b", "c"]],
  ])("read %s", (_, schema, value, expected) => {
    expect(read(schema, value)).toEqual(expected);
  });

  it.each([
    ["a number with a unit", integer(), "10s"],
    ["a number with a fraction", integer(), "1.5"],
    ["a number in another notation", integer(), "1e3"],
    ["a number in hexadecimal", integer(), "0x10"],
    ["a number with a blank", integer(), " 1"],
    ["a blank", integer(), " "],
    ["a negative number", integer(), "-1"],
    ["a number beyond what is exact", integer(), "9007199254740993"],
    ["a number below the least", bytes({ min: 10 }), "9"],
    ["a number above the most", bytes({ max: 10 }), "11"],
    ["a duration no timer can wait", durationMs(), "2147483648"],
    ["text that is too short", text({ minLength: 3 }), "ab"],
    ["text that is too long", text({ maxLength: 3 }), "abcd"],
    ["text that ends with a line feed", text(), "secret\n"],
    ["another word", oneOf(["info"]), "INFO"],
    ["another switch", flag(), "yes"],
    ["a URL with another scheme", url(), "ftp://example.org"],
    ["a URL without host", url(), "http://"],
    ["a URL with a blank", url(), "http://a/ b"],
    ["a list with an empty item", words, "a,,b"],
    ["a list with an item that does not fit", words, "a,B"],
  ])("refuse %s", (_, schema, value) => {
    expect(read(schema, value)).toBe(REFUSED);
  });

  it("say what they expect, limits included", () => {
    expect(notesOf(integer({ min: 1, max: 9 })).expects).toBe("a whole number from 1 to 9");
    expect(notesOf(bytes({ min: 1 })).expects).toBe("a whole number of bytes of 1 or more");
    expect(notesOf(durationMs()).expects).toBe("a whole number of milliseconds from 0 to 2147483647");
    expect(notesOf(url()).expects).toBe("a URL that begins with http:// or https://");
    expect(notesOf(words).expects).toBe("words, separated by commas");
  });
});

describe("notes of a field", () => {
  it("stay through default, optional and description", () => {
    const schema = secret(text().default("x")).optional().describe("A secret.");
    expect(notesOf(schema)).toEqual({ expects: notesOf(text()).expects, secret: true });
  });

  it("are not changed by marking a copy as secret", () => {
    const plain = text();
    secret(plain);
    expect(notesOf(plain).secret).toBeUndefined();
  });

  it("are required", () => {
    expect(() => notesOf(z.string())).toThrow(TypeError);
  });

  it("come with a field of the application's own", () => {
    const even = field({
      expects: "an even digit",
      parse: (value) => (/^[02468]$/.test(value) ? Number(value) : undefined),
    });
    expect(read(even, "4")).toBe(4);
    expect(even.safeParse("5").error?.issues[0]?.message).toBe("an even digit");
  });
});
