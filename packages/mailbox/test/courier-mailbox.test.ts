import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { ParcelEntry } from "@doorstep/store";
import { createCleanUp, eventually, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import { Queue } from "bullmq";

import { type CourierMailbox, openCourierMailbox } from "../src/courier-mailbox.ts";
import type { DeadLetter } from "../src/dead-letter.ts";
import { cutSlices, type Slice } from "../src/schedule.ts";
import { drafts, openHub, type TestHub } from "./support/hub.ts";

let redis: RedisServer;
let hub: TestHub;
const cleanUp = createCleanUp();

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redisCall(redis.port, "FLUSHALL");
  hub = await openHub(redis.url);
  cleanUp.add(() => hub.close());
});
afterEach(() => cleanUp.run());

interface Opened {
  readonly mailbox: CourierMailbox;
  readonly stored: ParcelEntry[];
  readonly expired: DeadLetter[];
}

async function open(queues = 1): Promise<Opened> {
  const stored: ParcelEntry[] = [];
  const expired: DeadLetter[] = [];
  const mailbox = await openCourierMailbox({
    store: hub.store,
    queues,
    graceMs: 0,
    pingIntervalMs: 25_000,
    liveHoldMs: 150_000,
    stalledIntervalMs: 1_000,
    onStored: (parcel) => stored.push(parcel),
    onExpired: (letter) => expired.push(letter),
    onError: hub.onError,
  });
  cleanUp.add(() => mailbox.close());
  return { mailbox, stored, expired };
}

const all = Array.from({ length: 16 }, (_, partition) => partition);
const running = new AbortController().signal;

describe("openCourierMailbox", () => {
  it("P3 sweeps events into parcels and ends them, and tells of both", async () => {
    const { mailbox, stored, expired } = await open();
    await hub.publish("ann", drafts(3, { expiresInMs: 1 }));
    await hub.publish("bob", drafts(2));
    expect(await mailbox.sweep(all, running)).toMatchObject({ held: 2 });
    expect(stored.map(({ count }) => count).sort((a, b) => b - a)).toEqual([3, 2]);
    await eventually(() => expired.length === 1);
    await eventually(async () =>
      expect(await mailbox.census()).toMatchObject({ queues: [{ parcels: 1 }], deadLetters: 1 }),
    );
    expect(hub.errors).toEqual([]);
  });

  it("spreads parcels over several queues by partition", async () => {
    const { mailbox, expired } = await open(4);
    const users = Array.from({ length: 40 }, (_, index) => `user-${index}`);
    for (const user of users) await hub.publish(user, drafts(1, { expiresInMs: 2_000 }));
    await mailbox.sweep(all, running);
    const connection = await hub.store.openConnection("command");
    for (const index of [0, 1, 2, 3]) {
      const queue = new Queue("mailbox", { connection, prefix: `{ds:mb${index}}` });
      const jobs = await queue.getDelayed();
      await queue.close();
      expect(jobs.length).toBeGreaterThan(0);
      const partitions = jobs.map((job) => hub.store.custody.keysOfUid((job.data as DeadLetter).uid).partition);
      expect(new Set(partitions.map((partition) => partition % 4))).toEqual(new Set([index]));
    }
    await eventually(() => expired.length === 40);
  });

  it("keeps BullMQ's own event streams short", async () => {
    const { mailbox } = await open();
    for (let index = 0; index < 150; index++) await hub.publish(`user-${index}`, [{ expiresInMs: 1 }]);
    await mailbox.sweep(all, running);
    await eventually(async () => (await mailbox.census()).deadLetters === 150);
    // Redis trims whole nodes, which hold up to 100 entries.
    const length = Number(await redisCall(redis.port, "XLEN", "{ds:mb0}:mailbox:events"));
    expect(length).toBeLessThan(150 + 100);
  });
});

describe("scheduleSweeps", () => {
  it("runs every slice again and again, and all slices are all partitions", async () => {
    const { mailbox } = await open();
    const runs = new Map<number, number>();
    const schedule = await mailbox.scheduleSweeps(50, async ({ first, end }) => {
      for (let p = first; p < end; p++) runs.set(p, (runs.get(p) ?? 0) + 1);
    });
    cleanUp.add(() => schedule.close());
    await eventually(() => runs.size === 16 && Math.min(...runs.values()) >= 5);
    expect([...runs.keys()].sort((a, b) => a - b)).toEqual(all);
    expect(hub.errors).toEqual([]);
  });

  it("is shared by couriers: a slice is one's at a time, and each has its share", async () => {
    const couriers = [await open(), await open()];
    const runs: number[] = [0, 0];
    for (const [index, { mailbox }] of couriers.entries()) {
      const schedule = await mailbox.scheduleSweeps(200, async () => {
        runs[index] = Number(runs[index]) + 1;
      });
      cleanUp.add(() => schedule.close());
    }
    const started = Date.now();
    await eventually(() => Math.min(...runs) >= 8);
    const perSlice = (Number(runs[0]) + Number(runs[1])) / 8;
    // Every courier lays the schedule at its start, which may bring a run forward.
    expect(perSlice).toBeLessThanOrEqual((Date.now() - started) / 200 + 3);
  });

  it("spreads the slices over the interval, so that they do not all come at once", async () => {
    const { mailbox } = await open();
    const schedule = await mailbox.scheduleSweeps(60_000, () => Promise.resolve());
    cleanUp.add(() => schedule.close());
    const [key = ""] = (await redisCall(redis.port, "KEYS", "*:repeat")) as string[];
    const flat = (await redisCall(redis.port, "ZRANGE", key, "0", "-1", "WITHSCORES")) as string[];
    const places = flat.filter((_, i) => i % 2 === 1).map((nextMs) => Number(nextMs) % 60_000);
    expect(places.sort((a, b) => a - b)).toEqual(Array.from({ length: 8 }, (_, i) => 3_750 + i * 7_500));
  });

  it("goes on after a slice failed, and tells of it", async () => {
    const { mailbox } = await open();
    let runs = 0;
    const schedule = await mailbox.scheduleSweeps(50, async () => {
      runs += 1;
      if (runs === 1) throw new Error("no luck");
    });
    cleanUp.add(() => schedule.close());
    await eventually(() => runs > 16);
    expect(hub.errors).toEqual(["a sweep job: no luck"]);
  });

  it("P5 mends itself when Redis lost the schedule", async () => {
    const { mailbox } = await open();
    let runs = 0;
    const schedule = await mailbox.scheduleSweeps(50, async () => {
      runs += 1;
    });
    cleanUp.add(() => schedule.close());
    await eventually(() => runs > 0);
    await redisCall(redis.port, "FLUSHALL");
    const before = runs;
    await eventually(() => runs > before + 24);
  });

  it("waits on close for a slice that is under way, and runs none after", async () => {
    const { mailbox } = await open();
    let finish: () => void = () => undefined;
    let started = 0;
    let finished = 0;
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const schedule = await mailbox.scheduleSweeps(50, async () => {
      started += 1;
      await held;
      finished += 1;
    });
    await eventually(() => started > 0);
    const closed = schedule.close();
    expect(finished).toBe(0);
    finish();
    await closed;
    expect(finished).toBe(started);
  });
});

describe("cutSlices", () => {
  it.each<[number, number, Slice[]]>([
    [1, 8, [{ first: 0, end: 1 }]],
    [
      16,
      3,
      [
        { first: 0, end: 5 },
        { first: 5, end: 10 },
        { first: 10, end: 16 },
      ],
    ],
  ])("cuts %i partitions into at most %i slices without hole or overlap", (partitions, slices, expected) => {
    expect(cutSlices(partitions, slices)).toEqual(expected);
  });
});
