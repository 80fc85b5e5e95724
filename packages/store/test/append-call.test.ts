import { describe, expect, it } from "@jest/globals";
import { array, assert, boolean, constantFrom, integer, option, property, record, string } from "fast-check";
import { encodeEvent } from "@doorstep/protocol";

import { appendArguments, headText, writeAppends } from "../src/append-call.ts";
import { KnownUsers } from "../src/known-users.ts";
import { DEFAULT_LIMITS } from "../src/limit.ts";

/** Reads bulk strings one after the other. */
function parse(text: string): string[] {
  const bytes = Buffer.from(text);
  const strings: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf("\r\n", at);
    const length = Number(bytes.toString("utf8", at + 1, end));
    expect(bytes[at]).toBe("$".charCodeAt(0));
    strings.push(bytes.toString("utf8", end + 2, end + 2 + length));
    at = end + 2 + length + 2;
    expect(bytes.toString("latin1", at - 2, at)).toBe("\r\n");
  }
  return strings;
}

describe("writeAppends", () => {
  const users = new KnownUsers(1024);
  const id = () => option(constantFrom("a", "b", "c"), { nil: undefined });
  const input = record({
    type: constantFrom("note", "message_delta", "tool_progress"),
    data: string({ unit: "grapheme" }),
    id: id(),
    collapseKey: id(),
    expiresInMs: option(integer({ min: 1, max: 1_000 }), { nil: undefined }),
  });
  const appends = array(
    record({
      userId: constantFrom("ada", "bob €", "x".repeat(60)),
      isRetry: boolean(),
      events: array(input, { minLength: 1, maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 5 },
  );

  it("says what keys and arguments say", () => {
    assert(
      property(appends, (drawn) => {
        const call = drawn.map(({ userId, isRetry, events }) => ({
          user: users.get(userId),
          userId,
          isRetry,
          events: events.map((event) => encodeEvent(event, () => "made", 1_000)),
        }));
        const { keys, args } = appendArguments(call, DEFAULT_LIMITS, false);
        const written = writeAppends(call, headText(DEFAULT_LIMITS));
        expect(parse(written.text)).toEqual([keys.length, ...keys, ...args].map(String));
        expect(written.length).toBe(keys.length + args.length);
        expect(written.firstKey).toBe(keys[0]);
      }),
    );
  });
});
