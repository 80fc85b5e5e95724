import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { ParcelEntry } from "@doorstep/store";
import { createCleanUp, eventually, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import { Queue } from "bullmq";

import { type CourierMailbox, openCourierMailbox } from "../src/courier-mailbox.ts";
import type { DeadLetter } from "../src/dead-letter.ts";
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
  it("P3 holds a crowd that is too much for one round, slice by slice", async () => {
    const { mailbox, stored } = await open();
    const users = Array.from({ length: 200 }, (_, index) => `user-${index}`);
    for (const user of users) await hub.publish(user, drafts(1));
    let shared = 0;
    const schedule = await mailbox.scheduleSweeps(100, async ({ first, end }, isRound) => {
      const counts = await mailbox.sweep(all.slice(first, end), running, isRound);
      if (counts === undefined) shared += 1;
      return counts !== undefined;
    });
    cleanUp.add(() => schedule.close());
    await eventually(() => stored.length === users.length);
    expect(shared).toBeGreaterThan(0);
    expect(hub.errors).toEqual([]);
  });
});
