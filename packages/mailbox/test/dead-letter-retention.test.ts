import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { createCleanUp, eventually, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import { startConsumer } from "../src/consumer.ts";
import { openCourierMailbox } from "../src/courier-mailbox.ts";
import { DEAD_LETTER, type DeadLetter } from "../src/dead-letter.ts";
import { addLetter, createForgetting, type RetentionBound, trimLetters } from "../src/dead-letter-retention.ts";
import { drafts, openHub, type TestHub } from "./support/hub.ts";
import { makeLetters } from "./support/dead-letter.ts";

const cleanUp = createCleanUp();
let redis: RedisServer;
let hub: TestHub;
let forgotten: [RetentionBound, string][];

beforeAll(async () => {
  redis = await startRedis({ aof: false });
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redisCall(redis.port, "FLUSHALL");
  hub = await openHub(redis.url);
  cleanUp.add(() => hub.close());
  forgotten = [];
});
afterEach(() => cleanUp.run());

const onForgotten = (bound: RetentionBound, id: string): void => void forgotten.push([bound, id]);
const idsKept = (): Promise<string[]> => hub.deadLetters.getRanges(["delayed"], 0, -1, true);

async function consume(maxCount = 1_000): Promise<void> {
  const consumer = await startConsumer<DeadLetter>({
    address: DEAD_LETTER,
    connection: await hub.store.openConnection("queue"),
    process: createForgetting(hub.deadLetters, { maxAgeMs: 0, maxCount, onForgotten }),
    concurrency: 1,
    stalledIntervalMs: 1_000,
    onError: hub.onError,
  });
  cleanUp.add(() => consumer.close());
}

describe("retention by age", () => {
  it("P8 P10 lets go of a letter whose time is over, and tells", async () => {
    const [id] = await makeLetters({ ...hub, retention: { ...hub.retention, maxAgeMs: 1 } }, "ann", drafts(2));
    const [kept] = await makeLetters(hub, "bob", drafts(2));
    await consume();
    await eventually(() => expect(forgotten).toEqual([["age", id]]));
    await eventually(async () => expect(await idsKept()).toEqual([kept]));
    expect(await hub.deadLetters.count()).toBe(1);
    expect(hub.errors).toEqual([]);
  });

  it("keeps a letter that is woken early", async () => {
    const [id = ""] = await makeLetters(hub, "ann", drafts(2));
    await consume();
    const job = await hub.deadLetters.getJob(id);
    await job?.promote();
    const again = await eventually(async () => {
      const now = await hub.deadLetters.getJob(id);
      return now !== undefined && now.attemptsStarted > 0 && (await now.isDelayed()) ? now : null;
    });
    expect(again.data).toEqual(job?.data);
    expect(forgotten).toEqual([]);
  });
});

describe("retention by number", () => {
  it("P8 P10 removes the oldest beyond it, and tells", async () => {
    const retention = { maxAgeMs: 60_000, maxCount: 2, onForgotten };
    const ids: string[] = [];
    for (const userId of ["a", "b", "c", "d"])
      ids.push(...(await makeLetters({ ...hub, retention }, userId, drafts(1))));
    expect(await idsKept()).toEqual(ids.slice(2));
    await consume(2);
    await eventually(() => expect(forgotten.map(([, id]) => id)).toEqual(ids.slice(0, 2)));
    expect(forgotten.map(([bound]) => bound)).toEqual(["count", "count"]);
    await eventually(async () => expect(await hub.deadLetters.count()).toBe(2));
  });

  it("comes down to a smaller number at once, and tells of each letter once, whoever else does the same", async () => {
    const [id = ""] = await makeLetters(hub, "ann", drafts(1));
    const letter = (await hub.deadLetters.getJob(id))?.data;
    if (letter === undefined) throw new Error("no letter");
    for (let i = 0; i < 250; i++) {
      const later = { deadAtMs: letter.deadAtMs + i + 1, keptUntilMs: letter.keptUntilMs + i + 1 };
      await addLetter(hub.deadLetters, {
        ...letter,
        ...later,
        parcel: { ...letter.parcel, jobId: `uann.0-0.${i}-1` },
      });
    }
    await consume(10);
    await Promise.all([trimLetters(hub.deadLetters, 10), trimLetters(hub.deadLetters, 10)]);
    const newest = Array.from({ length: 10 }, (_, i) => `dl.uann.0-0.${240 + i}-1`);
    await eventually(async () => expect(await idsKept()).toEqual(newest));
    await eventually(async () => expect(await hub.deadLetters.count()).toBe(10));
    await eventually(() => expect(new Set(forgotten.map(([, gone]) => gone)).size).toBe(241));
    expect(forgotten).toHaveLength(241);
  });
});

it("P8 a courier keeps dead letters within both bounds", async () => {
  const courier = await openCourierMailbox({
    store: hub.store,
    graceMs: 0,
    pingIntervalMs: 25_000,
    liveHoldMs: 150_000,
    stalledIntervalMs: 1_000,
    deadLetterMaxAgeMs: 3_000,
    deadLetterMaxCount: 1,
    onStored: () => undefined,
    onExpired: () => undefined,
    onForgotten,
    onError: hub.onError,
  });
  cleanUp.add(() => courier.close());
  for (const userId of ["ann", "bob"]) await hub.publish(userId, [{ expiresInMs: 1 }]);
  const all = Array.from({ length: 16 }, (_, partition) => partition);
  await courier.sweep(all, new AbortController().signal);
  await eventually(() => expect(forgotten.map(([bound]) => bound)).toEqual(["count", "age"]), { timeoutMs: 15_000 });
  expect(await courier.census()).toMatchObject({ queues: [{ parcels: 0 }], deadLetters: 0 });
});
