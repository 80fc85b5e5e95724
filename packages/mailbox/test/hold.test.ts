import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { ParcelEntry } from "@doorstep/store";
import { type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import { Queue } from "bullmq";

import { type HoldOptions, type HoldStep, holdUser, readUnheld } from "../src/hold.ts";
import { type ParcelData, parcelEntry } from "../src/parcel.ts";
import { drafts, openHub, type TestHub, textsOf } from "./support/hub.ts";

let redis: RedisServer;
let hub: TestHub;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redisCall(redis.port, "FLUSHALL");
  hub = await openHub(redis.url, { logMaxEvents: 10 });
});
afterEach(() => hub.close());

const hold = (userId: string, options: Partial<HoldOptions> = {}) =>
  holdUser({ ...hub, ...options }, hub.store.log.keysOf(userId));

/** An `onStep` that dies the n-th time it comes to a step. */
function dieAt(step: HoldStep, times = 1): (at: HoldStep) => void {
  let left = times;
  return (at) => {
    if (at === step && --left === 0) throw new Error(`died after ${step}`);
  };
}

describe("holdUser", () => {
  it("P3 puts 1,000 events of 50 users into parcels that BullMQ's own API shows, in order", async () => {
    const users = Array.from({ length: 50 }, (_, index) => `user-${index}`);
    for (const user of users) await hub.publish(user, drafts(20));
    for (const user of users) expect(await hold(user)).toEqual({ parcels: 1, events: 20 });

    const queue = new Queue<ParcelData>("mailbox", {
      connection: await hub.store.openConnection("command"),
      prefix: "{ds:mb0}",
    });
    const jobs = await queue.getDelayed();
    await queue.close();
    expect(jobs).toHaveLength(50);
    expect(new Set(jobs.map((job) => job.data.uid)).size).toBe(50);
    for (const job of jobs) expect(textsOf(job.data)).toEqual(drafts(20).map(({ text }) => text));
    for (const user of users) {
      const keys = hub.store.log.keysOf(user);
      expect((await hub.store.custody.waiting([keys.partition])).users).toBe(0);
    }
  });

  it("cuts a long wait into parcels of 100 that follow one another", async () => {
    const offsets = await hub.publish("ann", drafts(250));
    expect(await hold("ann")).toEqual({ parcels: 3, events: 250 });
    const parcels = await hub.parcels(hub.store.log.keysOf("ann"));
    expect(parcels.map(({ count }) => count)).toEqual([100, 100, 50]);
    expect(parcels.map(({ from }) => from)).toEqual(["0-0", offsets[99], offsets[199]]);
    expect(parcels.map(({ to }) => to)).toEqual([offsets[99], offsets[199], offsets[249]]);
  });

  it("gives parcels their deadlines as delays", async () => {
    await hub.publish("ann", [{ expiresInMs: 60_000 }, { expiresInMs: 3_600_000 }]);
    expect((await hold("ann")).parcels).toBe(2);
    const delays = (await hub.jobs()).map((job) => Math.round(job.delay / 60_000)).sort((a, b) => a - b);
    expect(delays).toEqual([1, 60]);
  });

  it("never holds stream events, and gets past a long run of them", async () => {
    await hub.publish("ann", [...drafts(450, { delivery: "stream" }), { text: "whole" }, { delivery: "stream" }]);
    expect(await hold("ann")).toEqual({ parcels: 1, events: 1 });
    const [job] = await hub.jobs();
    expect(job === undefined ? [] : textsOf(job.data)).toEqual(["whole"]);
    expect((await hub.store.custody.waiting([hub.store.log.keysOf("ann").partition])).users).toBe(0);
  });

  it("does nothing where nothing waits", async () => {
    expect(await hold("nobody")).toEqual({ parcels: 0, events: 0 });
    const [offset = ""] = await hub.publish("ann", [{}]);
    await hub.store.log.ack(hub.store.log.keysOf("ann"), offset);
    expect(await hold("ann")).toEqual({ parcels: 0, events: 0 });
    expect(await hub.jobs()).toEqual([]);
  });

  it.each<[HoldStep, number]>([
    ["read", 1],
    ["added", 1],
    ["committed", 1],
    ["read", 2],
    ["added", 2],
    ["committed", 2],
  ])("P5 dies after %s (time %i) and the next courier finishes: each event once", async (step, times) => {
    await hub.publish("ann", drafts(150));
    await expect(hold("ann", { onStep: dieAt(step, times) })).rejects.toThrow("died");
    await hold("ann");

    const keys = hub.store.log.keysOf("ann");
    const parcels = await hub.parcels(keys);
    const jobs = await Promise.all(parcels.map(({ jobId }) => hub.queues.of(0).getJob(jobId)));
    const held = jobs.flatMap((job) => (job === undefined ? ["no job"] : textsOf(job.data)));
    expect(held).toEqual(drafts(150).map(({ text }) => text));
    expect(await hub.jobs()).toHaveLength(parcels.length);
    expect(await readUnheld(hub.store, keys)).toMatchObject({ events: [] });
  });

  it("adds the same content under the same id, so that BullMQ may ignore the second", async () => {
    await hub.publish("ann", drafts(5));
    await expect(hold("ann", { onStep: dieAt("added") })).rejects.toThrow("died");
    const [orphan] = await hub.jobs();
    const stored: ParcelEntry[] = [];
    await hold("ann", { onStored: (parcel) => stored.push(parcel) });
    const [job] = await hub.jobs();
    expect(job?.id).toBe(orphan?.id);
    expect(job?.data).toEqual(orphan?.data);
    expect(stored).toEqual(job === undefined ? [] : [parcelEntry(job.data)]);
  });

  it("leaves a parcel that another courier committed under the same id", async () => {
    await hub.publish("ann", drafts(5));
    let other: Promise<unknown> | undefined;
    const onStep = async (step: HoldStep): Promise<void> => {
      if (step !== "added" || other !== undefined) return;
      other = hold("ann");
      await other;
    };
    expect(await hold("ann", { onStep })).toEqual({ parcels: 0, events: 0 });
    expect(await hub.jobs()).toHaveLength(1);
    expect(await hub.parcels(hub.store.log.keysOf("ann"))).toHaveLength(1);
  });

  it("removes its job when another courier committed a longer range, and goes on", async () => {
    await hub.publish("ann", drafts(5));
    let isFirst = true;
    const onStep = async (step: HoldStep): Promise<void> => {
      if (step !== "added" || !isFirst) return;
      isFirst = false;
      await hub.publish("ann", drafts(2));
      await hold("ann");
    };
    await hold("ann", { onStep });
    const [job, ...more] = await hub.jobs();
    expect(more).toEqual([]);
    expect(job?.data.count).toBe(7);
  });

  it("removes its job when everything was acknowledged meanwhile", async () => {
    const keys = hub.store.log.keysOf("ann");
    const offsets = await hub.publish("ann", drafts(3));
    const onStep = async (step: HoldStep): Promise<void> => {
      if (step === "added") await hub.store.log.ack(keys, offsets.at(-1) ?? "");
    };
    expect(await hold("ann", { onStep })).toEqual({ parcels: 0, events: 0 });
    expect(await hub.jobs()).toEqual([]);
    expect(await hub.parcels(keys)).toEqual([]);
  });

  it("P2 moves held to the last event it read, never to a head it has not read", async () => {
    await hub.publish("ann", drafts(3));
    let late: string[] = [];
    const onStep = async (step: HoldStep): Promise<void> => {
      if (step === "added" && late.length === 0) late = await hub.publish("ann", [{ text: "late" }]);
    };
    expect(await hold("ann", { onStep })).toEqual({ parcels: 1, events: 3 });
    const { events } = await readUnheld(hub.store, hub.store.log.keysOf("ann"));
    expect(events.map(({ offset }) => offset)).toEqual(late);
  });
});
