import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { eventually, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";

import { holdUser } from "../src/hold.ts";
import { type Mailbox, openMailbox } from "../src/mailbox.ts";
import { bodyOf } from "@doorstep/store";
import { drafts, openHub, type TestHub } from "./support/hub.ts";

let redis: RedisServer;
let hub: TestHub;
let mailbox: Mailbox;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redisCall(redis.port, "FLUSHALL");
  hub = await openHub(redis.url, { logMaxEvents: 10 });
  mailbox = await openMailbox({ store: hub.store, onError: hub.onError });
});
afterEach(async () => {
  await mailbox.close();
  await hub.close();
});

const keysOf = (userId: string) => hub.store.log.keysOf(userId);

async function held(userId: string, count: number): Promise<string[]> {
  const offsets = await hub.publish(userId, drafts(count));
  await holdUser(hub, keysOf(userId));
  return offsets;
}

describe("readParcel", () => {
  it("P2 gives what the log no longer has, in order and as it was logged", async () => {
    const [published = ""] = await hub.publish("ann", [{ text: 'Grüße, 世界 \u{1f4e6} "quoted" \\ \u2028' }]);
    const logged = await hub.store.log.read(keysOf("ann"), "0-0", 1, 1);
    const offsets = [published, ...(await held("ann", 149))];
    const page = await hub.store.log.read(keysOf("ann"), "0-0", 100, 1_000_000);
    expect(page.entries).toEqual([]);
    const parcels = await hub.parcels(keysOf("ann"));
    const read = await Promise.all(parcels.map((parcel) => mailbox.readParcel(parcel, keysOf("ann"), "0-0")));
    expect(read.flatMap((events) => events ?? []).map(({ offset }) => offset)).toEqual(offsets);
    expect(read[0]?.[0]?.body).toBe(logged.entries.map(bodyOf)[0]);
  });

  it("starts after one offset and ends with another", async () => {
    const offsets = await held("ann", 10);
    const [parcel] = await hub.parcels(keysOf("ann"));
    if (parcel === undefined) throw new Error("no parcel");
    const read = async (after = "", upTo?: string) =>
      (await mailbox.readParcel(parcel, keysOf("ann"), after, upTo))?.map(({ offset }) => offset);
    expect(await read(offsets[6])).toEqual(offsets.slice(7));
    expect(await read(offsets[1], offsets[3])).toEqual(offsets.slice(2, 4));
    expect(await read(offsets[9])).toEqual([]);
  });

  it("gives undefined for a parcel that BullMQ no longer has", async () => {
    await held("ann", 3);
    const [parcel] = await hub.parcels(keysOf("ann"));
    if (parcel === undefined) throw new Error("no parcel");
    await hub.queues.of(0).remove(parcel.jobId);
    expect(await mailbox.readParcel(parcel, keysOf("ann"), "0-0")).toBeUndefined();
  });

  it("P2 gives undefined for a parcel whose events cannot be read, and tells of it, so that nobody waits for ever", async () => {
    await held("ann", 3);
    const [parcel] = await hub.parcels(keysOf("ann"));
    if (parcel === undefined) throw new Error("no parcel");
    await hub.breakPack();
    expect(await mailbox.readParcel(parcel, keysOf("ann"), "0-0")).toBeUndefined();
    expect(hub.errors).toEqual([`drain: the events of parcel ${parcel.jobId} cannot be read`]);
  });

  it("is told UNAVAILABLE at once when Redis is away, and works again when it is back", async () => {
    await held("ann", 3);
    const [parcel] = await hub.parcels(keysOf("ann"));
    if (parcel === undefined) throw new Error("no parcel");
    await redis.kill();
    await expect(mailbox.readParcel(parcel, keysOf("ann"), "0-0")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(await mailbox.release(keysOf("ann"), [parcel.jobId])).toBe(0);
    expect(hub.errors).toContainEqual(expect.stringContaining("release: Redis cannot be reached"));
    await redis.restart();
    const events = await eventually(async () => (await mailbox.readParcel(parcel, keysOf("ann"), "0-0")) ?? null);
    expect(events).toHaveLength(3);
  });
});

describe("release", () => {
  it("P3 empties list, queue and due index when everything is acknowledged", async () => {
    const offsets = await held("ann", 250);
    const { released } = await hub.store.log.ack(keysOf("ann"), offsets.at(-1) ?? "");
    expect(released).toHaveLength(3);
    expect(await mailbox.release(keysOf("ann"), released)).toBe(3);
    expect(await hub.jobs()).toEqual([]);
    expect(await hub.parcels(keysOf("ann"))).toEqual([]);
    expect((await hub.store.custody.waiting([keysOf("ann").partition])).users).toBe(0);
  });

  it("keeps a parcel of which only a part is acknowledged", async () => {
    const offsets = await held("ann", 250);
    const { released } = await hub.store.log.ack(keysOf("ann"), offsets[150] ?? "");
    expect(await mailbox.release(keysOf("ann"), released)).toBe(1);
    const left = (await hub.jobs()).map((job) => job.data.to);
    expect(new Set(left)).toEqual(new Set([offsets[199], offsets[249]]));
  });

  it("P3 works when Redis is out of memory, as acks do", async () => {
    const offsets = await held("ann", 150);
    await redisCall(redis.port, "CONFIG", "SET", "maxmemory", "1mb");
    try {
      const { released } = await hub.store.log.ack(keysOf("ann"), offsets.at(-1) ?? "");
      expect(await mailbox.release(keysOf("ann"), released)).toBe(2);
    } finally {
      await redisCall(redis.port, "CONFIG", "SET", "maxmemory", "0");
    }
    expect(await hub.jobs()).toEqual([]);
    expect(hub.errors).toEqual([]);
  });

  it("may be repeated, and touches no other user's parcels (P4)", async () => {
    const offsets = await held("ann", 3);
    await held("bob", 3);
    const { released } = await hub.store.log.ack(keysOf("ann"), offsets.at(-1) ?? "");
    await mailbox.release(keysOf("ann"), released);
    await mailbox.release(keysOf("ann"), released);
    expect((await hub.jobs()).map((job) => job.data.uid)).toEqual(["ubob"]);
    expect(await mailbox.release(keysOf("ann"), [])).toBe(0);
    expect(hub.errors).toEqual([]);
  });
});

describe("openMailbox", () => {
  it("refuses a number of queues that makes no sense", async () => {
    await expect(openMailbox({ store: hub.store, onError: hub.onError, queues: 0 })).rejects.toThrow(RangeError);
    await expect(openMailbox({ store: hub.store, onError: hub.onError, queues: 1.5 })).rejects.toThrow(
      "queues has to be 1 or more, not 1.5",
    );
  });
});
