import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { offsetTimeMs } from "@doorstep/protocol";
import { eventually, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import { type Consumer, startConsumer } from "../src/consumer.ts";
import { type DeadLetter, deadLetterId } from "../src/dead-letter.ts";
import { createExpiry, type ExpiryOptions } from "../src/expiry.ts";
import type { Escalator } from "../src/escalation.ts";
import { holdUser, type HoldStep } from "../src/hold.ts";
import { type ParcelData, parcelEntry } from "../src/parcel.ts";
import { noteEscalation } from "../src/parcel-progress.ts";
import { mailboxAddress } from "../src/queue.ts";
import { BROKEN, drafts, linesOf, openHub, type TestHub, textsOf } from "./support/hub.ts";

let redis: RedisServer;
let hub: TestHub;
let consumer: Consumer | undefined;
let letters: DeadLetter[];

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redisCall(redis.port, "FLUSHALL");
  hub = await openHub(redis.url);
  letters = [];
});
afterEach(async () => {
  await consumer?.close();
  consumer = undefined;
  await hub.close();
});

async function consume(options: Partial<ExpiryOptions> = {}): Promise<void> {
  consumer = await startConsumer<ParcelData>({
    address: mailboxAddress(0),
    connection: await hub.store.openConnection("queue"),
    process: createExpiry({ ...hub, ...options, onExpired: (letter) => letters.push(letter) }),
    concurrency: 4,
    stalledIntervalMs: 1_000,
    onError: hub.onError,
  });
}

const keysOf = (userId: string) => hub.store.log.keysOf(userId);
const custodyOf = async (userId: string) => (await hub.store.log.read(keysOf(userId), "0-0", 10, 1_000)).custody;
const deadLetters = () => hub.deadLetters.getJobs(["waiting", "delayed", "active", "completed", "failed"]);
const isQueueEmpty = async () => (await hub.jobs()).length === 0;

/** Wakes the one parcel there is and tells for how long it was put off after that. */
async function wake(): Promise<number> {
  const [job] = await hub.jobs();
  await job?.promote();
  const again = await eventually(async () => {
    const [now] = await hub.jobs();
    // Promoting takes the delay away; being put off is one step, which sets it again.
    const isOver = now !== undefined && now.attemptsStarted > Number(job?.attemptsStarted) && now.delay > 0;
    return isOver ? now : null;
  });
  return again.delay;
}

// First, because BullMQ waits 5 s after an error of Redis, and a consumer that is closed does not end that wait.
describe("a parcel's job never fails", () => {
  it("P10 is told about and put off when its user's keys cannot be read", async () => {
    await hub.publish("ann", [{ expiresInMs: 1 }]);
    await holdUser(hub, keysOf("ann"));
    await redisCall(redis.port, "SET", keysOf("ann").parcels, "not a list");
    await consume();
    expect(Math.round((await wake()) / 1_000)).toBe(10);
    expect(hub.errors).toEqual([expect.stringContaining("expiry: Redis cannot be reached: WRONGTYPE")]);
  });

  it("goes on when Redis comes back with its data", async () => {
    await hub.publish("ann", [{ expiresInMs: 1 }]);
    await holdUser(hub, keysOf("ann"));
    await consume();
    await redis.kill();
    await redis.restart();
    await eventually(isQueueEmpty, { timeoutMs: 20_000 });
    expect(letters).toHaveLength(1);
    expect(await deadLetters()).toHaveLength(1);
  });

  it("goes on when Redis is no longer out of memory", async () => {
    await hub.publish("ann", [{ expiresInMs: 1 }]);
    await holdUser(hub, keysOf("ann"));
    await redisCall(redis.port, "CONFIG", "SET", "maxmemory", "1mb");
    try {
      await consume();
      await eventually(() => hub.errors.some((line) => line.includes("OOM")));
      expect(await deadLetters()).toEqual([]);
    } finally {
      await redisCall(redis.port, "CONFIG", "SET", "maxmemory", "0");
    }
    await eventually(isQueueEmpty, { timeoutMs: 20_000 });
    expect(letters).toHaveLength(1);
  });
});

describe("a parcel whose time has come", () => {
  it("P3 becomes a dead letter with a reason, and a tombstone in its place", async () => {
    const offsets = await hub.publish("ann", drafts(3, { expiresInMs: 1 }));
    await holdUser(hub, keysOf("ann"));
    await consume();
    await eventually(isQueueEmpty);

    const [dead, ...more] = await deadLetters();
    expect(more).toEqual([]);
    expect(dead?.id).toBe(`dl.uann.0-0.${offsets[2]}`);
    expect(await dead?.getState()).toBe("delayed");
    expect(dead?.data).toMatchObject({ uid: "uann", userId: "ann", reason: "expired" });
    expect(dead?.data.parcel).toMatchObject({ from: "0-0", to: offsets[2], count: 3 });
    expect(dead === undefined ? [] : textsOf(dead.data)).toEqual(drafts(3).map(({ text }) => text));
    const { heldAtMs = 0, deadAtMs = 0, keptUntilMs, history } = dead?.data ?? {};
    expect(deadAtMs).toBeGreaterThan(offsetTimeMs(offsets[2] ?? "0-0"));
    expect(keptUntilMs).toBe(deadAtMs + hub.retention.maxAgeMs);
    expect(history).toEqual([
      { atMs: heldAtMs, what: "held" },
      { atMs: deadAtMs, what: "expired" },
    ]);
    expect(letters).toEqual([dead?.data]);
    expect(await custodyOf("ann")).toMatchObject([
      { kind: "tombstone", from: "0-0", to: offsets[2], reason: "expired", count: 3 },
    ]);
    expect((await hub.store.log.read(keysOf("ann"), "0-0", 10, 1_000)).entries).toEqual([]);
    expect(await hub.store.log.heads([keysOf("ann")])).toEqual([{ head: offsets[2], undelivered: 0 }]);
    expect(hub.errors).toEqual([]);
  });

  it("expires after the hold time where its events have no expiry of their own", async () => {
    await hub.close();
    hub = await openHub(redis.url, { holdMs: 50 });
    await hub.publish("ann", [{}]);
    await holdUser(hub, keysOf("ann"));
    await consume();
    await eventually(async () => (await deadLetters()).length === 1);
  });

  it("expires by itself while the user's other parcels stay", async () => {
    await hub.publish("ann", [{ expiresInMs: 1 }, { text: "stays" }, { expiresInMs: 1 }]);
    await holdUser(hub, keysOf("ann"));
    await consume();
    await eventually(async () => (await hub.jobs()).length === 1);
    expect((await custodyOf("ann")).map(({ kind }) => kind)).toEqual(["tombstone", "parcel", "tombstone"]);
  });

  it("leaves what was acknowledged out of the dead letter", async () => {
    const offsets = await hub.publish("ann", drafts(5, { expiresInMs: 1 }));
    await holdUser(hub, keysOf("ann"));
    await hub.store.log.ack(keysOf("ann"), offsets[1] ?? "");
    await consume();
    await eventually(isQueueEmpty);
    expect(letters.map(({ events }) => events.map(([offset]) => offset))).toEqual([offsets.slice(2)]);
  });

  it("has no effect once it is released, even if its job could not be removed", async () => {
    const offsets = await hub.publish("ann", drafts(3, { expiresInMs: 1 }));
    await holdUser(hub, keysOf("ann"));
    await hub.store.log.ack(keysOf("ann"), offsets[2] ?? "");
    await consume();
    await eventually(isQueueEmpty);
    expect(await deadLetters()).toEqual([]);
    expect(await custodyOf("ann")).toEqual([]);
  });

  it("P5 is one dead letter and one tombstone when a courier died between the two", async () => {
    const offsets = await hub.publish("ann", drafts(2, { expiresInMs: 1 }));
    await holdUser(hub, keysOf("ann"));
    const [parcel] = await hub.jobs();
    if (parcel?.id === undefined) throw new Error("no parcel");
    const letter: DeadLetter = {
      uid: "uann",
      reason: "expired",
      parcel: parcelEntry(parcel.data),
      events: linesOf(parcel.data).map(([offset, body]) => [offset, body]),
      heldAtMs: 1,
      deadAtMs: 1,
      keptUntilMs: 2,
      history: [],
    };
    await hub.deadLetters.add("expired", letter, { jobId: deadLetterId(parcel.id) });
    await consume();
    await eventually(isQueueEmpty);
    expect((await deadLetters()).map(({ data }) => data)).toEqual([letter]);
    expect(await custodyOf("ann")).toMatchObject([
      { kind: "tombstone", from: "0-0", to: offsets[1], reason: "expired", count: 2 },
    ]);
  });

  it.each([
    ["ann", "ann"],
    ["ann@example.org", undefined],
  ])("becomes a dead letter even when the keys of %s have left; then the user id is %s", async (userId, known) => {
    await hub.publish(userId, drafts(2, { expiresInMs: 1 }));
    await holdUser(hub, keysOf(userId));
    await redisCall(redis.port, "DEL", keysOf(userId).user, keysOf(userId).log, keysOf(userId).parcels);
    await consume();
    await eventually(isQueueEmpty);
    expect(letters.map((letter) => [letter.events.length, letter.userId])).toEqual([[2, known]]);
  });

  it("tells in its dead letter who the user is, whatever the id, and what was noted of the parcel", async () => {
    const userId = "Ann {1}: \u00e4";
    await hub.publish(userId, [{ expiresInMs: 1 }]);
    await holdUser(hub, keysOf(userId));
    const [job] = await hub.jobs();
    if (job === undefined) throw new Error("no parcel");
    await noteEscalation(job, "one", { attempts: 1, end: "delivered" }, { atMs: 5, what: "escalated" });
    await noteEscalation(job, "two", { attempts: 1, end: "delivered" }, { atMs: 6, what: "escalated again" });
    await consume();
    await eventually(isQueueEmpty);
    expect(letters[0]?.userId).toBe(userId);
    expect(letters[0]?.history.map(({ what }) => what)).toEqual(["held", "escalated", "escalated again", "expired"]);
  });
});

describe("a parcel whose events cannot be read", () => {
  it.each([
    ["text", BROKEN, BROKEN],
    ["a list", [["1-0", "{}"]], '[["1-0","{}"]]'],
    ["nothing", null, "null"],
  ])("P10 becomes a dead letter with what stands in their place, %s, and a tombstone", async (_, events, told) => {
    const offsets = await hub.publish("ann", drafts(3, { expiresInMs: 1 }));
    await holdUser(hub, keysOf("ann"));
    await hub.breakPack(events);
    await consume();
    await eventually(isQueueEmpty);
    expect(letters).toMatchObject([{ uid: "uann", userId: "ann", parcel: { count: 3 }, events: [[offsets[2], told]] }]);
    expect(letters[0]?.history.map(({ what }) => what)).toEqual(["held", "unreadable", "expired"]);
    expect((await deadLetters()).map(({ data }) => data)).toEqual(letters);
    expect(await custodyOf("ann")).toMatchObject([
      { kind: "tombstone", from: "0-0", to: offsets[2], reason: "expired", count: 3 },
    ]);
    expect(hub.errors).toEqual([`expiry: the events of parcel uann.0-0.${offsets[2]} cannot be read`]);
  });

  it("waits for its deadline as the others, escalates nowhere, and is told of", async () => {
    await hub.publish("ann", [{ expiresInMs: 60_000 }]);
    await holdUser(hub, keysOf("ann"));
    await hub.breakPack();
    const escalator: Escalator = {
      plan: () => {
        throw new Error("was asked for a plan");
      },
      attempt: () => Promise.resolve({ kind: "delivered" }),
      onCount: () => undefined,
    };
    await consume({ escalator });
    const putOffMs = await wake();
    expect(putOffMs).toBeGreaterThan(50_000);
    expect(putOffMs).toBeLessThanOrEqual(60_000);
    expect(hub.errors).toEqual([expect.stringMatching(/^expiry: the events of parcel uann\S+ cannot be read$/)]);
  });
});

describe("a parcel that is woken too early", () => {
  it("is gone where no list names it: an orphan does not wait for its deadline", async () => {
    await hub.publish("ann", [{}]);
    const onStep = (step: HoldStep): void => {
      if (step === "added") throw new Error("died");
    };
    await expect(holdUser({ ...hub, onStep }, keysOf("ann"))).rejects.toThrow("died");
    await hub.publish("ann", [{}]);
    await holdUser(hub, keysOf("ann"));
    const orphan = (await hub.jobs()).find((job) => job.data.count === 1);
    expect(orphan?.delay).toBeLessThanOrEqual(10_000);
    await orphan?.promote();
    await consume();
    await eventually(async () => (await hub.jobs()).length === 1);
    expect((await hub.jobs())[0]?.data.count).toBe(2);
    expect(letters).toEqual([]);
  });

  it("waits for its deadline", async () => {
    await hub.publish("ann", [{ expiresInMs: 60_000 }]);
    await holdUser(hub, keysOf("ann"));
    await consume();
    const putOffMs = await wake();
    expect(putOffMs).toBeGreaterThan(50_000);
    expect(putOffMs).toBeLessThanOrEqual(60_000);
    expect(await deadLetters()).toEqual([]);
  });

  it("waits while its commit is undecided, and then expires since a list names it", async () => {
    await hub.publish("ann", [{ expiresInMs: 1 }]);
    const onStep = (step: HoldStep): void => {
      if (step === "added") throw new Error("died");
    };
    await expect(holdUser({ ...hub, onStep }, keysOf("ann"))).rejects.toThrow("died");
    await consume();
    expect(Math.round((await wake()) / 1_000)).toBe(5);
    expect(await deadLetters()).toEqual([]);
    await holdUser(hub, keysOf("ann"));
    await (await hub.jobs())[0]?.promote();
    await eventually(isQueueEmpty);
    expect(letters).toHaveLength(1);
  });
});
