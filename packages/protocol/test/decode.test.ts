import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import {
  decodeAck,
  decodeCommand,
  decodeDrain,
  decodeEnvelope,
  decodeErrorAnswer,
  decodeEvents,
  decodeGap,
  decodeHandshake,
  decodeReady,
  decodeRefresh,
  decodeWebPushChange,
  DoorstepError,
  type ErrorCode,
} from "../src/index.ts";

type Decode = (value: unknown) => unknown;

const ENVELOPE = { offset: "1-0", id: "a", type: "custom", time: "2026-01-01T00:00:00Z", data: null };
const READY = { clientId: "c", offset: "1-0", replayed: 3, recovered: true, gateway: "g" };
const COMMAND = { id: "i", runId: "r", name: "cancel" };
const NO_OBJECTS = [undefined, null, true, 0, "text", [], [{}]];

describe("decoders", () => {
  it.each<[string, Decode, unknown, unknown]>([
    ["a handshake", decodeHandshake, { token: "t" }, { token: "t" }],
    ["a resuming handshake", decodeHandshake, { token: "t", offset: "1-0" }, { token: "t", offset: "1-0" }],
    ["a handshake from now", decodeHandshake, { token: "t", offset: "$" }, { token: "t", offset: "$" }],
    ["a null offset as none", decodeHandshake, { token: "t", offset: null }, { token: "t" }],
    [
      "all of a handshake",
      decodeHandshake,
      { token: "t", ack: "manual", clientId: "c", extra: 1 },
      { token: "t", ack: "manual", clientId: "c" },
    ],
    ["an ack", decodeAck, { offset: "5-1", extra: 1 }, { offset: "5-1" }],
    ["a refresh", decodeRefresh, { token: "t" }, { token: "t" }],
    ["a command", decodeCommand, COMMAND, { ...COMMAND, payload: null }],
    ["a command's payload", decodeCommand, { ...COMMAND, payload: [1] }, { ...COMMAND, payload: [1] }],
    ["an envelope with its unknown fields", decodeEnvelope, { ...ENVELOPE, later: 1 }, { ...ENVELOPE, later: 1 }],
    [
      "events",
      decodeEvents,
      [ENVELOPE, { ...ENVELOPE, offset: undefined }],
      [ENVELOPE, { ...ENVELOPE, offset: undefined }],
    ],
    ["no events", decodeEvents, [], []],
    ["ready", decodeReady, { ...READY, extra: 1 }, READY],
    [
      "the least of a ready",
      decodeReady,
      { offset: "1-0" },
      { clientId: "", offset: "1-0", replayed: 0, recovered: false, gateway: "" },
    ],
    ["a gap", decodeGap, { from: "1-0", to: "3-0", reason: "trimmed" }, { from: "1-0", to: "3-0", reason: "trimmed" }],
    [
      "all of a gap",
      decodeGap,
      { from: "1-0", to: "3-0", reason: "failover", count: 2, possible: true },
      { from: "1-0", to: "3-0", reason: "failover", count: 2, possible: true },
    ],
    [
      "a gap of a newer hub",
      decodeGap,
      { from: "1-0", to: "3-0", reason: "moonphase", count: "2", possible: "yes" },
      { from: "1-0", to: "3-0", reason: "dropped" },
    ],
    ["a drain", decodeDrain, { afterMs: 250 }, { afterMs: 250 }],
    ["a drain at once", decodeDrain, {}, { afterMs: 0 }],
    ["a drain in nonsense time", decodeDrain, { afterMs: -5 }, { afterMs: 0 }],
  ])("read %s", (_, decode, value, message) => {
    expect(decode(value)).toEqual(message);
  });

  it.each<[string, Decode, ErrorCode, readonly unknown[]]>([
    [
      "handshake",
      decodeHandshake,
      "HANDSHAKE_INVALID",
      [
        ...NO_OBJECTS,
        { token: 7 },
        { token: null },
        { token: "x".repeat(8_193) },
        { token: "t", offset: "latest" },
        { token: "t", offset: 5 },
        { token: "t", ack: "sometimes" },
        { token: "t", ack: null },
        { token: "t", clientId: "a b" },
        { token: "t", clientId: "" },
        { token: "t", clientId: 7 },
      ],
    ],
    ["handshake without a token", decodeHandshake, "TOKEN_INVALID", [{}, { token: "" }, { offset: "1-0" }]],
    ["ack", decodeAck, "INVALID_REQUEST", NO_OBJECTS],
    ["ack of no offset", decodeAck, "INVALID_OFFSET", [{}, { offset: "$" }, { offset: 5 }, { offset: null }]],
    [
      "refresh",
      decodeRefresh,
      "INVALID_REQUEST",
      [...NO_OBJECTS, {}, { token: "" }, { token: 7 }, { token: "x".repeat(8_193) }],
    ],
    [
      "command",
      decodeCommand,
      "INVALID_REQUEST",
      [
        ...NO_OBJECTS,
        {},
        { ...COMMAND, id: "" },
        { ...COMMAND, id: 7 },
        { ...COMMAND, runId: "a b" },
        { ...COMMAND, runId: undefined },
        { ...COMMAND, name: "x".repeat(129) },
        { ...COMMAND, name: null },
      ],
    ],
    [
      "envelope",
      decodeEnvelope,
      "INVALID_EVENT",
      [
        ...NO_OBJECTS,
        {},
        { ...ENVELOPE, id: 7 },
        { ...ENVELOPE, type: undefined },
        { ...ENVELOPE, time: 0 },
        { ...ENVELOPE, offset: null },
        { ...ENVELOPE, offset: "$" },
        { ...ENVELOPE, runId: 7 },
        { ...ENVELOPE, threadId: {} },
        { ...ENVELOPE, attempt: "1" },
      ],
    ],
    ["list of events", decodeEvents, "INVALID_EVENT", [undefined, null, {}, "[]", { length: 0 }, [ENVELOPE, null]]],
    ["ready", decodeReady, "INVALID_REQUEST", NO_OBJECTS],
    ["ready without an offset", decodeReady, "INVALID_OFFSET", [{}, { ...READY, offset: "$" }]],
    ["gap", decodeGap, "INVALID_REQUEST", NO_OBJECTS],
    [
      "gap without its ends",
      decodeGap,
      "INVALID_OFFSET",
      [{}, { from: "1-0" }, { to: "1-0" }, { from: "a", to: "1-0" }],
    ],
    ["drain", decodeDrain, "INVALID_REQUEST", NO_OBJECTS],
  ])("refuse a wrong %s with its code", (_, decode, code, values) => {
    for (const value of values) {
      let thrown: unknown;
      try {
        thrown = decode(value);
      } catch (error) {
        thrown = error;
      }
      expect([value, thrown]).toEqual([value, expect.objectContaining({ code })]);
    }
  });

  it("throw nothing but coded errors, whatever arrives", () => {
    const decoders = [
      decodeAck,
      decodeCommand,
      decodeDrain,
      decodeEnvelope,
      decodeErrorAnswer,
      decodeEvents,
      decodeGap,
      decodeHandshake,
      decodeReady,
      decodeRefresh,
      decodeWebPushChange,
    ] satisfies Decode[];
    const fields = fc.constantFrom(
      "token",
      "offset",
      "ack",
      "clientId",
      "id",
      "runId",
      "name",
      "from",
      "to",
      "code",
      "subscription",
      "keys",
    );
    const values = fc.oneof(fc.anything(), fc.dictionary(fields, fc.oneof(fc.anything(), fc.constant("1-0"))));
    fc.assert(
      fc.property(fc.constantFrom<Decode>(...decoders), values, (decode, value) => {
        try {
          decode(value);
        } catch (error) {
          expect(error).toBeInstanceOf(DoorstepError);
        }
      }),
    );
  });
});

describe("decodeErrorAnswer", () => {
  it("reads an answer of the table as it is", () => {
    const answer = new DoorstepError("OVERLOADED").toAnswer(500);
    expect(decodeErrorAnswer(answer)).toEqual(answer);
  });

  it("fills in what is missing from the table", () => {
    expect(decodeErrorAnswer({ code: "TOKEN_EXPIRED" })).toEqual(new DoorstepError("TOKEN_EXPIRED").toAnswer());
  });

  it("keeps the number of a code it does not know, since that carries the policy", () => {
    expect(decodeErrorAnswer({ code: "OF_A_NEWER_HUB", number: 4_777, message: "m", retryable: false })).toEqual({
      code: "INTERNAL",
      number: 4_777,
      message: "m",
      retryable: false,
    });
  });

  it.each([
    ...NO_OBJECTS,
    {},
    { code: "constructor" },
    { code: 7, number: "4500", message: 1, retryable: "no", afterMs: -1 },
  ])("reads %j as INTERNAL", (value) => {
    expect(decodeErrorAnswer(value)).toEqual(new DoorstepError("INTERNAL").toAnswer());
  });
});
