import { describe, expect, it } from "@jest/globals";
import { parseAnswer } from "../../src/page/answer-block.ts";

describe("parseAnswer", () => {
  it("tells paragraphs, quotes, references and code apart", () => {
    expect(parseAnswer("See `x` here:\n> said so [docs/a.md:12]\n\nAlso [src/b.ts] and [not one].")).toEqual([
      {
        kind: "paragraph",
        parts: [
          { kind: "text", text: "See " },
          { kind: "code", text: "x" },
          { kind: "text", text: " here:" },
        ],
      },
      {
        kind: "quote",
        parts: [
          { kind: "text", text: "said so " },
          { kind: "reference", text: "docs/a.md:12" },
        ],
      },
      {
        kind: "paragraph",
        parts: [
          { kind: "text", text: "Also " },
          { kind: "reference", text: "src/b.ts" },
          { kind: "text", text: " and [not one]." },
        ],
      },
    ]);
  });

  it("leaves what is not closed yet, and markup, as text", () => {
    const text = "> <img src=x onerror=alert(1)> [docs/a";
    expect(parseAnswer(text)).toEqual([{ kind: "quote", parts: [{ kind: "text", text: text.slice(2) }] }]);
    expect(parseAnswer("")).toEqual([]);
  });
});
