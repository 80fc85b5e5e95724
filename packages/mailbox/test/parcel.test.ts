import { describe, expect, it } from "@jest/globals";
import type { UnheldEvent } from "@doorstep/store";

import {
  cutParcel,
  deadlineOf,
  eventsBetween,
  PARCEL_MAX_BYTES,
  PARCEL_MAX_EVENTS,
  packParcel,
  type Parcel,
  parcelEntry,
  parcelJobId,
  showParcel,
  unpackParcel,
} from "../src/parcel.ts";

const NOW_MS = 1_700_000_000_000;
const HOLD_MS = 1_000_000;

function event(n: number, fields: Partial<UnheldEvent> = {}): UnheldEvent {
  const body = `{"id":"e${n}","data":{}}`;
  return {
    offset: `${NOW_MS}-${n}`,
    isDurable: true,
    expiresAtMs: 0,
    totalCount: n,
    totalBytes: n * 10,
    collapseKey: "",
    body,
    ...fields,
  };
}

function cut(events: readonly UnheldEvent[], nowMs = NOW_MS): Parcel {
  const data = cutParcel({ uid: "uann", from: "5-0", events, holdMs: HOLD_MS, nowMs });
  if (data === undefined) throw new Error("there was nothing durable");
  return data;
}

const many = (count: number, fields: Partial<UnheldEvent> = {}): UnheldEvent[] =>
  Array.from({ length: count }, (_, index) => event(index + 1, fields));

describe("cutParcel", () => {
  it("holds events in log order with the accounts of its last one", () => {
    const data = cut(many(3));
    expect(data.events).toEqual(many(3).map(({ offset, body }) => [offset, body]));
    expect(data).toMatchObject({
      uid: "uann",
      from: "5-0",
      to: `${NOW_MS}-3`,
      count: 3,
      totalCount: 3,
      totalBytes: 30,
    });
    expect(data.bytes).toBe(3 * event(1).body.length);
  });

  it("counts bytes of UTF-8, not characters", () => {
    expect(cut([event(1, { body: `{"id":"é€"}` })]).bytes).toBe(14);
  });

  it("ends after 100 events", () => {
    const data = cut(many(PARCEL_MAX_EVENTS + 1));
    expect(data.count).toBe(PARCEL_MAX_EVENTS);
    expect(data.to).toBe(`${NOW_MS}-${PARCEL_MAX_EVENTS}`);
  });

  it("ends before it exceeds 1 MiB, but holds a larger event alone", () => {
    const body = "x".repeat(400 * 1024);
    expect(cut(many(5, { body })).count).toBe(2);
    expect(cut(many(2, { body: "x".repeat(PARCEL_MAX_BYTES + 1) })).count).toBe(1);
  });

  it("passes over stream events and ends with a durable one", () => {
    const stream = { isDurable: false };
    const data = cut([event(1, stream), event(2), event(3, stream), event(4), event(5, stream)]);
    expect(data.events.map(([offset]) => offset)).toEqual([`${NOW_MS}-2`, `${NOW_MS}-4`]);
    expect(data.to).toBe(`${NOW_MS}-4`);
    expect(cutParcel({ uid: "u", from: "0-0", events: many(3, stream), holdMs: 1, nowMs: NOW_MS })).toBeUndefined();
  });

  it("takes the latest deadline of its events", () => {
    expect(cut([event(1, { expiresAtMs: NOW_MS + 800 }), event(2, { expiresAtMs: NOW_MS + 300 })]).deadlineMs).toBe(
      NOW_MS + 800,
    );
    expect(cut([event(1)]).deadlineMs).toBe(NOW_MS + HOLD_MS);
    expect(deadlineOf(event(1, { expiresAtMs: 7 }), HOLD_MS)).toBe(7);
  });

  it.each([
    ["within a second", 5_000, 5_900, 2],
    ["more than a second later", 5_000, 6_100, 1],
    ["more than a second earlier", 5_000, 3_900, 1],
    ["within 1 % of the time that is left", 1_000_000, 1_009_000, 2],
    ["beyond 1 % of the time that is left", 1_000_000, 1_011_000, 1],
    ["in the past, both", -90_000, -10_000, 2],
    ["in the past and in the future", -90_000, 10_000, 1],
  ])("cuts by deadlines: %s", (_, firstMs, secondMs, count) => {
    const data = cut([event(1, { expiresAtMs: NOW_MS + firstMs }), event(2, { expiresAtMs: NOW_MS + secondMs })]);
    expect(data.count).toBe(count);
  });
});

describe("a parcel's names", () => {
  it("make a job id that BullMQ takes: no colon, no bare integer", () => {
    const id = parcelJobId("uann", "0-0", "1-2");
    expect(id).toBe("uann.0-0.1-2");
    expect(id).not.toMatch(/:|^\d+$/);
  });

  it("are the same in the list entry", () => {
    const data = cut(many(2));
    expect(parcelEntry(data)).toEqual({
      kind: "parcel",
      jobId: `uann.5-0.${NOW_MS}-2`,
      from: "5-0",
      to: `${NOW_MS}-2`,
      count: 2,
      bytes: data.bytes,
      totalCount: 2,
      totalBytes: 20,
    });
  });
});

describe("the data of a parcel's job", () => {
  const parcel = cut([event(1, { collapseKey: "k" }), event(2, { body: '{"id":"\u{1f4e6}é"}' })]);

  it("has the events packed, and all the rest as it is", () => {
    const data = packParcel(parcel);
    expect(data).toEqual({ ...parcel, events: expect.any(String) });
    expect(unpackParcel(JSON.parse(JSON.stringify(data)) as typeof data)).toEqual(parcel);
    expect(showParcel(data)).toEqual(parcel);
  });

  it.each([
    ["a single event far beyond the size of a parcel", many(1, { body: `"${"\\n".repeat(5 * PARCEL_MAX_BYTES)}"` })],
    ["as many and as large events as a parcel has", many(100, { body: '"'.repeat(PARCEL_MAX_BYTES / 100) })],
  ])("may have %s", (_, events) => {
    const large = cut(events);
    expect(large.count).toBe(events.length);
    expect(unpackParcel(packParcel(large))).toEqual(large);
  });

  it("tells which parcel it was where its events cannot be read, and is shown as it is", () => {
    const broken = { ...packParcel(parcel), events: "broken" };
    expect(() => unpackParcel(broken)).toThrow(`the events of parcel uann.5-0.${NOW_MS}-2 cannot be read`);
    expect(showParcel(broken)).toBe(broken);
  });
});

describe("eventsBetween", () => {
  const data = cut(many(12));
  const offsets = (after: string, upTo?: string): string[] =>
    eventsBetween(data, after, upTo).map(({ offset }) => offset.slice(String(NOW_MS).length + 1));

  it("leaves out what comes before and after", () => {
    expect(offsets(`${NOW_MS}-9`)).toEqual(["10", "11", "12"]);
    expect(offsets(`${NOW_MS}-9`, `${NOW_MS}-10`)).toEqual(["10"]);
    expect(offsets("0-0", `${NOW_MS}-2`)).toEqual(["1", "2"]);
    expect(offsets(`${NOW_MS}-12`)).toEqual([]);
    expect(eventsBetween(data)).toHaveLength(12);
  });
});
