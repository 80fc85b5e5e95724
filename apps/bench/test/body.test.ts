import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import { BODY_BYTES, createBody, readMarks } from "../src/body.ts";

function marksOf(text: string): [number, number][] {
  const marks: [number, number][] = [];
  readMarks(text, (seq, dueUs) => marks.push([seq, dueUs]));
  return marks;
}

describe("the payload", () => {
  it.each([0, 42, 1_000_000])("has 300 bytes as JSON for event %d", (seq) => {
    expect(JSON.stringify(createBody(seq, 123_456_789_012))).toHaveLength(BODY_BYTES);
  });

  it("does not compress", () => {
    const { pad } = createBody(1, 2);
    // Base64 has six bits a byte.
    expect(gzipSync(pad, { level: 9 }).length).toBeGreaterThan(pad.length * 0.74);
  });

  it("is found in a frame, as often as it is there and in its order", () => {
    const frame = `42${JSON.stringify(["events", [{ offset: "1-0", data: createBody(3, 77.4) }, { data: createBody(4, 99) }]])}`;
    expect(marksOf(frame)).toEqual([
      [3, 77],
      [4, 99],
    ]);
    expect(marksOf('42["ready",{}]')).toEqual([]);
  });

  it("is not read where it is cut off", () => {
    const text = JSON.stringify(createBody(3, 77));
    expect(() => marksOf(text.slice(0, 12))).toThrow("a mark without an end");
  });
});
