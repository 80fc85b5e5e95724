import { describe, expect, it } from "@jest/globals";
import { createToken, readTokens } from "../src/token.ts";

function tokensOf(text: string): [number, number][] {
  const found: [number, number][] = [];
  expect(readTokens(text, (seq, dueUs) => found.push([seq, dueUs]))).toBe(found.length);
  return found;
}

describe("tokens", () => {
  it("are found in a frame, several in one delta, in their order", () => {
    const deltas = [createToken(3, 77.4) + createToken(4, 88), createToken(5, 99)].map((delta) => ({
      data: { delta },
    }));
    expect(tokensOf(`42${JSON.stringify(["events", deltas])}`)).toEqual([
      [3, 77],
      [4, 88],
      [5, 99],
    ]);
  });

  it("do not count again in the whole message, nor in other events", () => {
    expect(tokensOf(JSON.stringify({ content: createToken(3, 77) }))).toEqual([]);
    expect(tokensOf(JSON.stringify({ delta: "text", mark: createToken(3, 77) }))).toEqual([]);
  });

  it("are not read where they are cut off", () => {
    expect(() => tokensOf(`"delta":"${createToken(3, 77)}#4.`)).toThrow("a mark without an end");
  });
});
