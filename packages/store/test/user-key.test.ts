import { describe, expect, it } from "@jest/globals";
import calculateSlot from "cluster-key-slot";
import * as fc from "fast-check";

import { dedupeKey, dueKey, gatewayKey, keysOfUid, partitionOf, queuePrefix, uidOf } from "../src/user-key.ts";

const PARTITIONS = 1024;

/** Ids that have been trouble somewhere: what keys are made of, what JavaScript knows, what databases fold together. */
const HOSTILE = [
  "{",
  "}",
  "{}",
  "{1}",
  ":",
  "a:b",
  " ",
  "a b",
  "\0",
  "a\0b",
  "\r\n",
  "*",
  "__proto__",
  "constructor",
  "toString",
  "é",
  "e\u0301",
  "😀",
  "👩‍👩‍👧",
  "12345678901234567890",
  "12345678901234567891",
  "u1",
  "h1",
  "A",
  "a",
  "ｕ",
  "0",
  "00",
  "\u202e",
  "../..",
];

const userId = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ minLength: 1, maxLength: 60, unit: "binary" }),
  fc.string({ minLength: 1, maxLength: 20, unit: fc.constantFrom("{", "}", ":", " ", "\0", "a", "é") }),
  fc.string({ minLength: 20, maxLength: 20, unit: fc.constantFrom("0", "1", "x", "-", "_") }),
);

/** Every key and channel of a user. */
function namesOf(uid: string): string[] {
  const keys = keysOfUid(uid, PARTITIONS);
  return [keys.user, keys.log, keys.due, keys.parcels, keys.connections, keys.subscriptions, keys.channel];
}

describe("uidOf", () => {
  it("P4 gives two users the same uid only if they are the same", () => {
    fc.assert(
      fc.property(userId, userId, (a, b) => {
        expect(uidOf(a) === uidOf(b)).toBe(a === b);
      }),
      { numRuns: 1_000 },
    );
    expect(new Set(HOSTILE.map(uidOf)).size).toBe(HOSTILE.length);
  });

  it("P4 keeps users apart who would pass as each other's uid", () => {
    fc.assert(
      fc.property(userId, (id) => {
        expect(uidOf(uidOf(id))).not.toBe(uidOf(id));
      }),
    );
  });

  it("P4 takes one letter written in two ways as two users", () => {
    expect("é".normalize("NFC")).not.toBe("é".normalize("NFD"));
    expect(uidOf("é".normalize("NFC"))).not.toBe(uidOf("é".normalize("NFD")));
  });

  it("P4 refuses lone surrogates, which would become one character in UTF-8", () => {
    for (const id of ["\ud800", "\udc00", "a\ud83d", "\ude00\ud83d", "x".repeat(41) + "\ud800"]) {
      expect(() => uidOf(id)).toThrow(expect.objectContaining({ code: "INVALID_USER" }));
    }
  });

  it("P8 takes ids of up to 512 bytes of UTF-8 and refuses longer ones, empty ones and what is no text", () => {
    for (const id of ["x".repeat(512), "é".repeat(256), "😀".repeat(128)]) expect(uidOf(id)).toHaveLength(44);
    for (const id of ["x".repeat(513), `${"é".repeat(256)}x`, "", undefined, null, 7, {}, ["ada"]]) {
      expect(() => uidOf(id)).toThrow(expect.objectContaining({ code: "INVALID_USER" }));
    }
  });
});

describe("keysOfUid", () => {
  it("P4 makes plain names of bounded length that share one Cluster slot", () => {
    fc.assert(
      fc.property(userId, (id) => {
        const names = namesOf(uidOf(id));
        for (const name of names) {
          expect(name).toMatch(/^[A-Za-z0-9_:{}-]+$/);
          expect(name.match(/[{}]/g)).toEqual(["{", "}"]);
          expect(name.length).toBeLessThanOrEqual(64);
        }
        expect(new Set(names.map((name) => calculateSlot(name))).size).toBe(1);
      }),
      { numRuns: 500 },
    );
  });

  it("P4 gives no two users, and no two things of a user, one name", () => {
    const names = HOSTILE.flatMap((id) => namesOf(uidOf(id)).filter((name) => !name.endsWith(":due")));
    expect(new Set(names).size).toBe(names.length);
  });

  it("P4 keeps event ids of two users apart, also where ids contain what separates them", () => {
    const [a, b] = ["a", "a_b"].map((id) => keysOfUid(uidOf(id), PARTITIONS));
    if (a === undefined || b === undefined) throw new Error("no keys");
    expect(dedupeKey(a, "x:y")).toBe(`ds:{${a.partition}}:id:ua:x:y`);
    expect(dedupeKey(a, "b:x")).not.toBe(dedupeKey(b, "x"));
    expect(calculateSlot(dedupeKey(a, "x"))).toBe(calculateSlot(a.user));
  });

  it("spreads users over all partitions, by Redis' own CRC16", () => {
    const seen = new Set(Array.from({ length: 20_000 }, (_, i) => partitionOf(uidOf(`user-${i}`), PARTITIONS)));
    expect(seen.size).toBe(PARTITIONS);
    expect(Math.min(...seen)).toBe(0);
    // CLUSTER KEYSLOT uada says 14447.
    expect(partitionOf("uada", 16_384)).toBe(calculateSlot("uada"));
  });
});

describe("names of the hub", () => {
  it("are what the reference says", () => {
    expect([dueKey(7), gatewayKey("gw-1"), queuePrefix("mb0")]).toEqual(["ds:{7}:due", "ds:gw:gw-1", "{ds:mb0}"]);
  });
});
