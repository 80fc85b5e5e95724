import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import {
  compareOffsets,
  isOffset,
  maxOffset,
  minOffset,
  type Offset,
  offsetTimeMs,
  parseOffset,
} from "../src/index.ts";

const part = fc.oneof(
  fc.constantFrom("0", "1", "9", "10", "99", "100", "9007199254740991", "9999999999999999"),
  fc.bigInt({ min: 0n, max: 9_999_999_999_999_999n }).map(String),
);
const offsets = fc.tuple(part, part).map(([ms, n]): Offset => `${ms}-${n}`);

/** The reference: both parts as one whole number. */
function asBigInt(offset: Offset): bigint {
  const [ms = "", n = ""] = offset.split("-");
  return BigInt(ms) * 10n ** 20n + BigInt(n);
}

describe("compareOffsets", () => {
  it("agrees with whole numbers of any size", () => {
    fc.assert(
      fc.property(offsets, offsets, (a, b) => {
        const difference = asBigInt(a) - asBigInt(b);
        const expected = difference > 0n ? 1 : difference < 0n ? -1 : 0;
        expect(Math.sign(compareOffsets(a, b))).toBe(expected);
      }),
    );
  });

  it("is a total order", () => {
    fc.assert(
      fc.property(offsets, offsets, offsets, (a, b, c) => {
        expect(Math.sign(compareOffsets(a, b))).toBe(-Math.sign(compareOffsets(b, a)) + 0);
        if (compareOffsets(a, b) <= 0 && compareOffsets(b, c) <= 0) {
          expect(compareOffsets(a, c)).toBeLessThanOrEqual(0);
        }
        expect(compareOffsets(a, b) === 0).toBe(a === b);
      }),
    );
  });

  it.each([
    ["9-0", "10-0"],
    ["5-9", "5-10"],
    ["5-99", "6-0"],
    ["9007199254740992-0", "9007199254740993-0"],
  ])("puts %s before %s", (a, b) => {
    expect(compareOffsets(a, b)).toBeLessThan(0);
    expect(compareOffsets(b, a)).toBeGreaterThan(0);
    expect(maxOffset(a, b)).toBe(b);
    expect(maxOffset(b, a)).toBe(b);
    expect(minOffset(a, b)).toBe(a);
    expect(minOffset(b, a)).toBe(a);
  });
});

describe("parseOffset", () => {
  it("gives every offset back as it is", () => {
    fc.assert(fc.property(offsets, (offset) => expect(parseOffset(offset)).toBe(offset)));
  });

  it.each<[unknown]>([
    [undefined],
    [null],
    [5],
    [[]],
    [["1-0"]],
    [{ toString: () => "1-0" }],
    [""],
    ["$"],
    ["-"],
    ["1"],
    ["1-"],
    ["-1"],
    ["1-0-0"],
    ["01-0"],
    ["1-00"],
    ["+1-0"],
    ["-1-0"],
    ["1e3-0"],
    ["1.5-0"],
    [" 1-0"],
    ["1-0\n"],
    ["1-0\0"],
    ["１-0"],
    ["12345678901234567-0"],
    ["1-12345678901234567"],
    ["1-0".repeat(100_000)],
  ])("refuses %j", (value) => {
    expect(isOffset(value)).toBe(false);
    expect(() => parseOffset(value)).toThrow(expect.objectContaining({ code: "INVALID_OFFSET" }));
  });

  it("refuses anything that is not two plain numbers", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(isOffset(text)).toBe(/^\d{1,16}-\d{1,16}$/.test(text) && !/^0\d|-0\d/.test(text));
      }),
    );
  });
});

describe("offsetTimeMs", () => {
  it("is the first part", () => {
    expect(offsetTimeMs("1767225600000-7")).toBe(1_767_225_600_000);
  });
});
