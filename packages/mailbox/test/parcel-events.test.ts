import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { packEvents, type ParcelLine, unpackEvents } from "../src/parcel-events.ts";

const boundsOf = (lines: readonly ParcelLine[]) => ({
  count: lines.length,
  bytes: lines.reduce((sum, [, body]) => sum + Buffer.byteLength(body), 0),
});
const roundTrip = (lines: readonly ParcelLine[]): ParcelLine[] => unpackEvents(packEvents(lines), boundsOf(lines));
const packText = (text: string): string => deflateRawSync(text).toString("base64");

const offset = fc.tuple(fc.nat({ max: Number.MAX_SAFE_INTEGER }), fc.nat()).map(([ms, n]) => `${ms}-${n}`);
// `binary` has every code unit, so halves of characters as well.
const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), loneHalves());
const body = fc.oneof(
  fc.json(),
  text,
  text.map((value) => JSON.stringify({ value })),
);
const line: fc.Arbitrary<ParcelLine> = fc.oneof(
  fc.tuple(offset, body),
  fc.tuple(offset, body, fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 128 })),
);

function loneHalves(): fc.Arbitrary<string> {
  const unit = fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code));
  return fc
    .array(fc.oneof(unit, fc.constantFrom("a", '"', "\\", "\u{1f4e6}", "\u0000")))
    .map((units) => units.join(""));
}

describe("packed events", () => {
  it("P3 are unpacked as they were, whatever the text", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 100 }), (lines) => {
        expect(roundTrip(lines)).toEqual(lines);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ["characters that JSON writes with six bytes", "\u0000".repeat(1024 * 1024)],
    ["quotes", '"'.repeat(9 * 1024 * 1024)],
    ["halves of characters", "\ud83d".repeat(100_000)],
    ["nothing", ""],
  ])("may be one event of %s", (_, only) => {
    const lines: ParcelLine[] = [["9007199254740991-9007199254740991", only, "k".repeat(128)]];
    expect(roundTrip(lines)).toEqual(lines);
  });

  it("take less than half of what they take as the text of JSON within JSON", () => {
    const lines = Array.from({ length: 100 }, (_, n): ParcelLine => {
      const data = { orderId: 1_000 + n, status: "shipped", message: `Order ${1_000 + n} is on its way` };
      return [`1700000000000-${n}`, JSON.stringify({ id: `e${n}`, type: "order.updated", data })];
    });
    expect(JSON.stringify(packEvents(lines)).length * 2).toBeLessThan(JSON.stringify(lines).length);
  });
});

describe("what is no pack", () => {
  const lines: ParcelLine[] = [
    ["1-0", '{"id":"a"}'],
    ["2-0", '{"id":"b"}', "key"],
  ];
  const bounds = boundsOf(lines);

  it.each([
    ["empty text", "", "unexpected end of file"],
    ["no base64", "\u0000{}", "unexpected end of file"],
    ["base64 of something else", Buffer.from("something else").toString("base64"), "invalid"],
    ["a part of a pack", packEvents(lines).slice(0, -8), "unexpected end of file"],
    ["packed text that is no JSON", packText("[["), "JSON"],
    ["no list", packText("{}"), "not 2 events"],
    ["text as long as the list", packText('"ab"'), "not 2 events"],
    ["too few events", packText(JSON.stringify(lines.slice(1))), "not 2 events"],
    ["too many events", packText(JSON.stringify([...lines, ...lines])), "not 2 events"],
    ["an event without a body", packText('[["1-0"],["2-0","{}"]]'), "not 2 events"],
    ["an event whose body is no text", packText('[["1-0",{}],["2-0","{}"]]'), "not 2 events"],
    ["an event whose collapse key is no text", packText('[["1-0","{}",null],["2-0","{}"]]'), "not 2 events"],
    ["an event that is no list", packText('[null,["2-0","{}"]]'), "not 2 events"],
  ])("is refused: %s", (_, pack, why) => {
    expect(() => unpackEvents(pack, bounds)).toThrow(why);
  });

  it("is refused where its bounds make no sense", () => {
    for (const bytes of [Number.NaN, -1_000_000, Infinity, 1e300]) {
      expect(() => unpackEvents(packEvents(lines), { count: 2, bytes })).toThrow("maxOutputLength");
    }
  });

  it("is refused before it takes more memory than its bounds allow", () => {
    const bomb = deflateRawSync(Buffer.alloc(256 * 1024 * 1024, " ")).toString("base64");
    const before = process.memoryUsage().arrayBuffers;
    expect(() => unpackEvents(bomb, bounds)).toThrow("Cannot create a Buffer larger than");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  });
});
