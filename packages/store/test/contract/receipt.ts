import { describe, expect, it } from "@jest/globals";

import { type EncodedEvent, offsetTimeMs } from "@doorstep/protocol";

import { hold, holdParcel } from "../support/courier.ts";
import { event, events } from "../support/event.ts";
import { setLogState } from "../support/log-state.ts";
import type { Harness } from "../support/harness.ts";

const RESUMED = true;

/** What became of an event, and what waits for a user. */
export function describeReceipt({ open, raw, newUser }: Harness): void {
  /** A store, a user without events, and short ways to publish, to ask and to acknowledge. */
  async function start(limits: Parameters<typeof open>[0] = {}) {
    const store = await open(limits);
    const user = newUser();
    const keys = store.log.keysOf(user);
    return {
      store,
      keys,
      publish: async (list: readonly EncodedEvent[]) =>
        (await store.log.append(user, list)).map(({ id, offset }) => ({ id, offset: String(offset) })),
      receipt: ({ id, offset }: { id: string; offset?: string }) => store.receipts.receipt(keys, id, offset),
      states: async (published: readonly { id: string; offset: string }[]) =>
        Promise.all(
          published.map(async ({ id, offset }) => (await store.receipts.receipt(keys, id, offset).catch(codeOf)).state),
        ),
      ackAs: (clientId: string, since: string, offset: string, isResumed = false) =>
        store.log.ack(keys, offset, { clientId, since, isResumed }),
    };
  }

  describe("a receipt", () => {
    it("P3 follows an event from the log into a parcel, through escalation, to its acknowledgement", async () => {
      const { store, keys, publish, receipt, ackAs } = await start();
      const [first] = await publish([event()]);
      if (first === undefined) throw new Error("nothing was published");
      const publishedAtMs = offsetTimeMs(first.offset);
      const known = { ...first, publishedAtMs, expiresAtMs: publishedAtMs + store.limits.holdMs };
      const nobody = { escalatedAtMs: null, devices: 0, acknowledgedByMs: null };
      await expect(receipt(first)).resolves.toEqual({ ...known, ...nobody, state: "logged" });
      const { offsets } = await holdParcel(store, keys);
      await expect(receipt(first)).resolves.toEqual({ ...known, ...nobody, state: "held" });
      const before = await store.nowMs();
      await expect(store.receipts.noteEscalated(keys, offsets)).resolves.toBe(1);
      await expect(store.receipts.noteEscalated(keys, offsets)).resolves.toBe(0);
      const escalated = await receipt(first);
      expect(escalated).toEqual({ ...known, ...nobody, state: "escalated", escalatedAtMs: expect.any(Number) });
      expect(escalated.escalatedAtMs).toBeGreaterThanOrEqual(before);
      await ackAs("phone", "0-0", first.offset);
      const last = await receipt(first);
      expect(last).toEqual({
        ...known,
        ...nobody,
        state: "acknowledged",
        devices: 1,
        acknowledgedByMs: expect.any(Number),
      });
      expect(last.acknowledgedByMs).toBeGreaterThanOrEqual(before);
      expect(last.acknowledgedByMs).toBeLessThanOrEqual(await store.nowMs());
      await expect(raw().exists(keys.escalated)).resolves.toBe(0);
    });

    it("finds an event by its id alone: deduplicated ones by index, others among the last 1,000", async () => {
      const { publish, receipt } = await start({ dedupeWindowMs: 600_000 });
      const [mine, made] = await publish([event({ id: "mine" }), event(), ...events(600, { delivery: "stream" })]);
      const [...later] = await publish(events(399, { delivery: "stream" }));
      await expect(receipt({ id: String(made?.id) })).resolves.toMatchObject({ offset: made?.offset });
      await expect(receipt({ id: String(later[398]?.id) })).resolves.toMatchObject({ offset: later[398]?.offset });
      await publish([event()]);
      await expect(receipt({ id: String(made?.id) })).rejects.toMatchObject({
        code: "NOT_FOUND",
        message: expect.stringContaining("give the offset"),
      });
      await expect(receipt({ ...made, id: String(made?.id) })).resolves.toMatchObject({ state: "logged" });
      await expect(receipt({ id: "mine" })).resolves.toMatchObject({ offset: mine?.offset });
    });

    it("knows no event of an unknown id or user, of another event's offset, or of an offset the log never had", async () => {
      const { store, publish, receipt } = await start();
      const [first, second] = await publish(events(2));
      const [ms, n] = String(second?.offset).split("-");
      const absent = [
        { id: "unknown" },
        { id: "unknown", offset: first?.offset },
        { id: first?.id, offset: second?.offset },
        { id: first?.id, offset: "0-0" },
        { id: first?.id, offset: "1-1" },
        { id: first?.id, offset: `${ms}-${Number(n) + 1}` },
        { id: first?.id, offset: "9999999999999999-0" },
        // Would be a pattern, were it one.
        { id: "made-.*" },
      ] as { id: string; offset?: string }[];
      for (const one of absent) await expect(receipt(one)).rejects.toMatchObject({ code: "NOT_FOUND" });
      const stranger = store.receipts.receipt(store.log.keysOf(newUser()), String(first?.id), first?.offset);
      await expect(stranger).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    it("tells the expiry that an event has of its own, and none of what is not held", async () => {
      const { publish, receipt } = await start();
      const expiring = event({ expiresInMs: 60_000 });
      const [own, stream] = await publish([expiring, event({ delivery: "stream" })]);
      await expect(receipt(own ?? { id: "" })).resolves.toMatchObject({ expiresAtMs: expiring.expiresAtMs });
      await expect(receipt(stream ?? { id: "" })).resolves.toMatchObject({ expiresAtMs: null, state: "logged" });
    });

    it("P10 tells how events ended that nobody acknowledged, also once an ack passed them", async () => {
      const { store, keys, publish, states } = await start();
      const published = await publish(events(6));
      const first = await holdParcel(store, keys, 2);
      const second = await holdParcel(store, keys, 2);
      await store.custody.expire(keys, first.parcel, "expired", first.offsets);
      await store.custody.expire(keys, second.parcel, "dropped", second.offsets);
      const ended = ["expired", "expired", "dropped", "dropped"];
      await expect(states(published)).resolves.toEqual([...ended, "logged", "logged"]);
      await store.log.ack(keys, String(published[5]?.offset));
      await expect(states(published)).resolves.toEqual([...ended, "acknowledged", "acknowledged"]);
    });

    it("P10 tells of what a full mailbox let go", async () => {
      const { publish, states } = await start({ mailboxMaxEvents: 10, mailboxPolicy: "drop_oldest" });
      const old = await publish(events(10));
      await publish(events(1));
      await expect(states(old)).resolves.toEqual(["overflow", ...Array.from({ length: 9 }, () => "logged")]);
    });

    it("tells that a newer event took the place of one with its collapse key, also within a parcel's range", async () => {
      const { store, keys, publish, states, receipt } = await start();
      const [old, between, fresh] = await publish([
        event({ collapseKey: "progress", id: "first" }),
        event(),
        event({ collapseKey: "progress" }),
      ]);
      const all = [old, between, fresh].map((one) => one ?? { id: "", offset: "" });
      await expect(states(all)).resolves.toEqual(["collapsed", "logged", "logged"]);
      await expect(receipt({ id: "first" })).resolves.toMatchObject({ state: "collapsed", offset: old?.offset });
      await hold(store, keys);
      await expect(states(all)).resolves.toEqual(["collapsed", "held", "held"]);
    });

    it("P3 finds the one parcel of many that has the event, also where the log let go of all", async () => {
      const { store, keys, publish, states } = await start({ logMaxEvents: 1 });
      const published = await publish(events(30));
      for (let i = 0; i < 10; i++) await holdParcel(store, keys, 3);
      expect(await raw().xlen(keys.log)).toBeLessThan(30);
      await expect(states(published)).resolves.toEqual(published.map(() => "held"));
      await store.log.ack(keys, String(published[15]?.offset));
      // What is acknowledged and beyond the log's reach is still known to have been.
      const expected = published.map((_, i) => (i <= 15 ? "acknowledged" : "held"));
      await expect(states(published)).resolves.toEqual(expected);
    });

    it("P3 claims no acknowledgement of what may have expired: it is gone once nothing tells", async () => {
      const { store, keys, publish, states } = await start({ logMaxEvents: 1 });
      const published = await publish(events(4));
      const first = await holdParcel(store, keys, 2);
      await store.custody.expire(keys, first.parcel, "expired", first.offsets);
      await holdParcel(store, keys, 2);
      await store.log.ack(keys, String(published[2]?.offset));
      await expect(raw().hget(keys.user, "buried")).resolves.toBe(first.parcel.to);
      await expect(states(published)).resolves.toEqual(["gone", "gone", "acknowledged", "held"]);
    });
  });

  describe("the clients of a receipt", () => {
    it("are those that got the event themselves, whoever was first", async () => {
      const { publish, receipt, ackAs } = await start();
      const [a, b, c] = (await publish(events(3))) as [Sent, Sent, Sent];
      await ackAs("phone", "0-0", b.offset);
      // Came when b was acknowledged, so it never got a and b.
      await ackAs("laptop", b.offset, c.offset);
      await ackAs("tablet", "0-0", c.offset);
      const devices = await Promise.all([a, b, c].map(async (sent) => (await receipt(sent)).devices));
      expect(devices).toEqual([2, 2, 2]);
      await ackAs("phone", b.offset, c.offset);
      await expect(receipt(c)).resolves.toMatchObject({ devices: 3 });
    });

    it("keep what they had where they resume, and lose it where a gap came between", async () => {
      const { publish, receipt, ackAs } = await start();
      const sent = await publish(events(5));
      const at = (i: number): string => String(sent[i]?.offset);
      const count = async (): Promise<number[]> =>
        Promise.all(sent.map(async (one) => (await receipt(one).catch(codeOf)).devices));
      await ackAs("phone", "0-0", at(1));
      await ackAs("phone", at(2), at(2), RESUMED);
      expect(await count()).toEqual([1, 1, 1, 0, 0]);
      await ackAs("phone", at(3), at(4));
      expect(await count()).toEqual([0, 0, 0, 0, 1]);
      // An older claim takes nothing away, and does not vouch for what lies between.
      await ackAs("phone", at(0), at(1), RESUMED);
      expect(await count()).toEqual([0, 0, 0, 0, 1]);
      await ackAs("phone", at(0), at(3), RESUMED);
      expect(await count()).toEqual([0, 1, 1, 1, 1]);
    });

    it("P8 are the last 50 of a user, and leave a period after the user's keys", async () => {
      const { keys, publish, receipt, ackAs } = await start();
      const [sent] = (await publish(events(1))) as [Sent];
      await ackAs("first", "0-0", sent.offset);
      // Redis' clock has to tell which one is the oldest.
      await raw().hset(keys.acks, "first", `0-0 ${sent.offset} 1`);
      for (let i = 0; i < 50; i++) await ackAs(`client-${i}`, "0-0", sent.offset);
      await expect(receipt(sent)).resolves.toMatchObject({ devices: 50 });
      await expect(raw().hexists(keys.acks, "first")).resolves.toBe(0);
      const periodMs = 100_000_000;
      await expect(raw().pexpiretime(keys.acks)).resolves.toBe((await raw().pexpiretime(keys.user)) + periodMs);
    });
  });

  describe("a mailbox", () => {
    const nothing = {
      undelivered: 0,
      bytes: 0,
      oldestAtMs: null,
      parcels: 0,
      tombstones: 0,
      head: "0-0",
      acked: "0-0",
    };

    it("is empty for a user nobody published to", async () => {
      const { store, keys } = await start();
      await expect(store.receipts.mailbox(keys)).resolves.toEqual(nothing);
      await expect(raw().exists(keys.user)).resolves.toBe(0);
    });

    it("tells how much waits, since when, and where", async () => {
      const { store, keys, publish } = await start();
      const list = [event({ delivery: "stream" }), ...events(4)];
      const sent = await publish(list);
      const at = (i: number): string => String(sent[i]?.offset);
      const bytes = (count: number): number => list.slice(-count).reduce((sum, { body }) => sum + body.length, 0);
      const whole = { ...nothing, head: at(4), undelivered: 4, bytes: bytes(4), oldestAtMs: offsetTimeMs(at(1)) };
      await expect(store.receipts.mailbox(keys)).resolves.toEqual(whole);
      const first = await holdParcel(store, keys, 2);
      await holdParcel(store, keys, 2);
      await expect(store.receipts.mailbox(keys)).resolves.toEqual({ ...whole, parcels: 2 });
      await store.custody.expire(keys, first.parcel, "expired", first.offsets);
      const rest = { ...whole, undelivered: 3, bytes: bytes(3), parcels: 1, tombstones: 1 };
      await expect(store.receipts.mailbox(keys)).resolves.toEqual({ ...rest, oldestAtMs: offsetTimeMs(at(2)) });
      await store.log.ack(keys, at(4));
      await expect(store.receipts.mailbox(keys)).resolves.toEqual({ ...nothing, head: at(4), acked: at(4) });
    });

    it("dates the oldest event, or the end of its parcel where the log let go of it", async () => {
      const { store, keys, publish } = await start({ logMaxEvents: 1 });
      const times: number[] = [];
      const offsets: string[] = [];
      for (let i = 1; i <= 4; i++) {
        // The next offset stands above the floor: a minute between each two.
        await setLogState(raw(), keys, { floor: `${(await store.nowMs()) + i * 60_000}-0` });
        const [{ offset }] = (await publish(events(1))) as [Sent];
        offsets.push(offset);
        times.push(offsetTimeMs(offset));
      }
      const oldest = async (): Promise<number | null> => (await store.receipts.mailbox(keys)).oldestAtMs;
      await expect(oldest()).resolves.toBe(times[0]);
      await holdParcel(store, keys, 2);
      await expect(oldest()).resolves.toBe(times[1]);
      await store.log.ack(keys, String(offsets[1]));
      await expect(oldest()).resolves.toBe(times[2]);
    });
  });
}

interface Sent {
  readonly id: string;
  readonly offset: string;
}

function codeOf(error: unknown): { state: string; devices: number } {
  return { state: String((error as { code?: string }).code), devices: 0 };
}
