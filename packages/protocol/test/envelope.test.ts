import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { DELIVERY, encodeEvent, type EncodedEvent, type EventInput, LIMITS, utf8Length } from "../src/index.ts";

const NOW_MS = Date.UTC(2026, 0, 1);

function encode(input: object, maxPayloadBytes?: number): EncodedEvent {
  const event = { type: "custom", data: null, ...input } as EventInput;
  return encodeEvent(event, () => "made-id", NOW_MS, maxPayloadBytes);
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

describe("encodeEvent", () => {
  it("encodes an envelope once, without an offset and without a user", () => {
    const event = encode({
      id: "caller-1",
      type: "order.shipped",
      data: { parcel: "p" },
      expiresInMs: 1_000,
      source: "urn:shop",
      subject: 'a "quoted" subject',
      threadId: "thread-1",
      runId: "run-1",
      parentRunId: "run-0",
      attempt: 2,
      collapseKey: "cart",
      traceparent: "00-trace",
    });
    expect(JSON.parse(event.body)).toEqual({
      id: "caller-1",
      time: "2026-01-01T00:00:00.000Z",
      expiresAt: "2026-01-01T00:00:01.000Z",
      type: "order.shipped",
      source: "urn:shop",
      subject: 'a "quoted" subject',
      traceparent: "00-trace",
      threadId: "thread-1",
      runId: "run-1",
      parentRunId: "run-0",
      attempt: 2,
      collapseKey: "cart",
      data: { parcel: "p" },
    });
    expect(event).toMatchObject({
      id: "caller-1",
      isCallerId: true,
      delivery: "durable",
      expiresAtMs: NOW_MS + 1_000,
      collapseKey: "cart",
    });
  });

  it("writes any time as RFC 3339 has it, whichever was written before", () => {
    const time = fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(9999, 11, 31) });
    const nearby = fc
      .tuple(time, fc.integer({ min: -1_500, max: 1_500 }))
      .map(([ms, by]) => [ms, Math.max(0, ms + by)]);
    fc.assert(
      fc.property(fc.array(nearby, { minLength: 1 }), (pairs) => {
        for (const ms of pairs.flat()) {
          const { body } = encodeEvent({ type: "custom", data: null }, () => "made-id", ms);
          expect((JSON.parse(body) as { time: string }).time).toBe(new Date(ms).toISOString());
        }
      }),
    );
  });

  it("makes an id where the caller chose none, and leaves out what is not given", () => {
    const event = encode({ data: undefined });
    expect(event).toMatchObject({ id: "made-id", isCallerId: false, expiresAtMs: 0, collapseKey: "" });
    expect(event.body).toBe('{"id":"made-id","time":"2026-01-01T00:00:00.000Z","type":"custom","data":null}');
  });

  it("P1 gives a repetition the same content whenever it is encoded, and another event another", () => {
    const input: EventInput = { id: "a", type: "custom", data: { n: 1 }, expiresInMs: 5_000 };
    const first = encodeEvent(input, () => "x", NOW_MS);
    const later = encodeEvent(input, () => "y", NOW_MS + 60_000);
    expect(later.content).toBe(first.content);
    expect(later.body).not.toBe(first.body);
    for (const other of [{ type: "other" }, { data: { n: 2 } }, { threadId: "t" }, { subject: "s" }]) {
      expect(encodeEvent({ ...input, ...other }, () => "x", NOW_MS).content).not.toBe(first.content);
    }
  });

  it.each(Object.entries(DELIVERY))("delivers %s as %s unless told otherwise", (type, delivery) => {
    expect(encode({ type }).delivery).toBe(delivery);
    expect(encode({ type, delivery: "ephemeral" }).delivery).toBe("ephemeral");
  });

  it.each(["my.own.type", "constructor", "toString", "__proto__"])(
    "delivers the unknown type %s as durable",
    (type) => {
      expect(encode({ type }).delivery).toBe("durable");
    },
  );

  it.each<[string, object]>([
    ["type", { type: "" }],
    ["type", { type: "spaces are not allowed" }],
    ["type", { type: "line\n" }],
    ["type", { type: 'quote"' }],
    ["type", { type: "x".repeat(129) }],
    ["type", { type: 7 }],
    ["type", { type: undefined }],
    ["type", { type: ["custom"] }],
    ["id", { id: "" }],
    ["id", { id: 'a"b' }],
    ["id", { id: "a b" }],
    ["id", { id: "a\n" }],
    ["id", { id: "ü" }],
    ["id", { id: "x".repeat(129) }],
    ["id", { id: 7 }],
    ["id", { id: null }],
    ["delivery", { delivery: "maybe" }],
    ["delivery", { delivery: 1 }],
    ["collapseKey", { collapseKey: "" }],
    ["collapseKey", { collapseKey: "a b" }],
    ["collapseKey", { collapseKey: 7 }],
    ["expiresInMs", { expiresInMs: 0 }],
    ["expiresInMs", { expiresInMs: -1 }],
    ["expiresInMs", { expiresInMs: 1.5 }],
    ["expiresInMs", { expiresInMs: Number.NaN }],
    ["expiresInMs", { expiresInMs: Number.POSITIVE_INFINITY }],
    ["expiresInMs", { expiresInMs: LIMITS.expiresInMs + 1 }],
    ["expiresInMs", { expiresInMs: "1000" }],
    ["source", { source: 7 }],
    ["source", { source: "x".repeat(513) }],
    ["subject", { subject: null }],
    ["traceparent", { traceparent: {} }],
    ["threadId", { threadId: "" }],
    ["runId", { runId: "a{b}" }],
    ["parentRunId", { parentRunId: 7 }],
    ["attempt", { attempt: 0 }],
    ["attempt", { attempt: 1.5 }],
    ["attempt", { attempt: "1" }],
    ["data", { data: 1n }],
    ["data", { data: { deep: [1n] } }],
    ["data", { data: () => 1 }],
    ["data", { data: Symbol("s") }],
    ["data", { data: { toJSON: () => undefined } }],
    ["data", { data: nested(LIMITS.bodyDepth + 1) }],
    ["data", { data: { text: "a", deep: nested(LIMITS.bodyDepth) } }],
    ["data", { data: nested(400_000) }],
  ])("refuses a wrong %s (row %#) with INVALID_EVENT that names it", (field, wrong) => {
    expect(() => encode(wrong)).toThrow(
      expect.objectContaining({ code: "INVALID_EVENT", message: expect.stringContaining(field) }),
    );
  });

  it("refuses cycles and data whose toJSON throws, keeping the reason", () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    const broken = {
      toJSON: () => {
        throw new Error("not me");
      },
    };
    expect(() => encode({ data: cycle })).toThrow(expect.objectContaining({ code: "INVALID_EVENT" }));
    expect(() => encode({ data: broken })).toThrow(
      expect.objectContaining({ code: "INVALID_EVENT", cause: new Error("not me") }),
    );
  });

  it("takes data up to the deepest nesting, and brackets in text are no nesting", () => {
    expect(() => encode({ data: nested(LIMITS.bodyDepth) })).not.toThrow();
    expect(() => encode({ data: `${"[".repeat(100)}\\"${"{".repeat(100)}` })).not.toThrow();
    expect(() => encode({ data: { a: [1], b: [[2]], "[[": "]]" } })).not.toThrow();
  });

  it("carries what JSON makes of NaN, lone surrogates and __proto__, without harm", () => {
    expect(JSON.parse(encode({ data: { n: Number.NaN, i: Number.POSITIVE_INFINITY } }).body)).toHaveProperty("data", {
      n: null,
      i: null,
    });
    const surrogate = encode({ data: "\ud800", subject: "\udfff" });
    expect(surrogate.body).toContain(String.raw`"\ud800"`);
    expect(Buffer.from(surrogate.body).toString()).toBe(surrogate.body);
    const data: unknown = JSON.parse('{"__proto__":{"admin":true}}');
    expect(encode({ data }).body).toContain('"data":{"__proto__":{"admin":true}}');
    expect({}).not.toHaveProperty("admin");
  });

  it("refuses a body above the limit by its UTF-8 size, and takes one at it", () => {
    const atLimit = utf8Length(encode({ data: "" }).body) + 30;
    expect(() => encode({ data: "€".repeat(10) }, atLimit)).not.toThrow();
    expect(() => encode({ data: "€".repeat(10) }, atLimit - 1)).toThrow(
      expect.objectContaining({ code: "TOO_LARGE", message: expect.stringContaining(`${atLimit} bytes`) }),
    );
    expect(() => encode({ data: "x".repeat(LIMITS.payloadBytes) })).toThrow(
      expect.objectContaining({ code: "TOO_LARGE" }),
    );
  });

  it("names ids but never payloads in its errors", () => {
    for (const wrong of [{ subject: 1, data: "secret" }, { data: "secret".repeat(20_000) }]) {
      expect(() => encode(wrong)).toThrow(expect.not.objectContaining({ message: expect.stringContaining("secret") }));
    }
  });

  it("gives any JSON back as it was", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (data) => {
        const body = JSON.parse(encode({ data }, 10_000_000).body) as { data: unknown };
        expect(body.data).toEqual(JSON.parse(JSON.stringify(data)));
      }),
    );
  });
});

describe("utf8Length", () => {
  it("counts what UTF-8 takes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(utf8Length(text)).toBe(Buffer.byteLength(text));
      }),
    );
    expect(utf8Length("aé€😀")).toBe(1 + 2 + 3 + 4);
  });
});
