import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";

import { compareOffsets, laterOffset, type Offset, OffsetRanges } from "../../src/checker/offset.ts";

const part = fc.oneof(fc.nat({ max: 120 }), fc.nat());
const place = fc.tuple(part, part);
const toOffset = ([ms, n]: readonly [number, number]): Offset => `${ms}-${n}`;

describe("offsets", () => {
  it("are ordered by time, then by number", () => {
    fc.assert(
      fc.property(place, place, (a, b) => {
        const expected = Math.sign(a[0] - b[0] || a[1] - b[1]);
        expect(Math.sign(compareOffsets(toOffset(a), toOffset(b)))).toBe(expected);
        expect(laterOffset(toOffset(a), toOffset(b))).toBe(toOffset(expected < 0 ? b : a));
      }),
    );
  });
});

describe("ranges of offsets", () => {
  const number = fc.nat({ max: 30 });

  it("have what lies after a beginning, up to and including its end", () => {
    const ranges = new OffsetRanges();
    expect(ranges.has("1-0")).toBe(false);
    ranges.add("9-0", "11-0");
    ranges.add("12-0", "12-0");
    expect(["9-0", "9-1", "10-0", "11-0", "11-1", "12-0"].filter((offset) => ranges.has(offset))).toEqual([
      "9-1",
      "10-0",
      "11-0",
    ]);
  });

  it("say of every offset whether one of them has it, however they overlap and whenever they are asked", () => {
    const range = fc.tuple(number, number);
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), number, (list, n) => {
        const ranges = new OffsetRanges();
        list.forEach(([from, to], index) => {
          ranges.add(`${from}-0`, `${to}-0`);
          const isIn = list.slice(0, index + 1).some(([begin, end]) => n > begin && n <= end);
          expect(ranges.has(`${n}-0`)).toBe(isIn);
        });
      }),
    );
  });
});
