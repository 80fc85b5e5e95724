import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { offsetTimeMs } from "@doorstep/protocol";
import { eventually, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";

import { QuietPartitions } from "../src/quiet-partitions.ts";
import { sweep, type SweepCounts, type SweepOptions } from "../src/sweep.ts";
import { drafts, openHub, type TestHub } from "./support/hub.ts";

let redis: RedisServer;
let hub: TestHub;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redisCall(redis.port, "FLUSHALL");
  hub = await openHub(redis.url);
});
afterEach(() => hub.close());

const all = Array.from({ length: 16 }, (_, partition) => partition);
const running = new AbortController().signal;
const NONE: SweepCounts = { held: 0, young: 0, live: 0, settled: 0, failed: 0 };

/** Sweeps with no grace, and a live socket that delays for an hour, unless told otherwise. */
function run(options: Partial<SweepOptions> = {}, signal = running, isRound = false): Promise<SweepCounts | undefined> {
  const { graceMs = 0 } = options;
  const settings = { graceMs, pingIntervalMs: 25_000, liveHoldMs: 3_600_000, quiet: new QuietPartitions(graceMs) };
  return sweep({ ...hub, ...settings, ...options }, all, signal, isRound);
}

const keysOf = (userId: string) => hub.store.log.keysOf(userId);
const due = (userId: string) => hub.store.custody.due([keysOf(userId).partition], Number.MAX_SAFE_INTEGER, 100);
const passed = (atMs: number) => eventually(async () => (await hub.store.nowMs()) > atMs);

async function connect(userId: string): Promise<void> {
  await hub.store.presence.renewLease("gateway-1", 60_000, "{}");
  await hub.store.presence.connected(keysOf(userId), "socket-1", "gateway-1");
}

describe("sweep", () => {
  it("P3 holds users of every partition who have waited for the grace period", async () => {
    const users = Array.from({ length: 60 }, (_, index) => `user-${index}`);
    for (const user of users) await hub.publish(user, drafts(2));
    expect(await run()).toEqual({ ...NONE, held: 60 });
    expect(await hub.jobs()).toHaveLength(60);
    expect(await run()).toEqual(NONE);
  });

  it("does not look at users within the grace period", async () => {
    await hub.publish("ann", [{}]);
    expect(await run({ graceMs: 60_000 })).toEqual(NONE);
    expect(await due("ann")).toHaveLength(1);
  });

  it("goes through more users of one partition than one page has", async () => {
    await hub.close();
    await redisCall(redis.port, "FLUSHALL");
    hub = await openHub(redis.url, {}, 1);
    for (let index = 0; index < 230; index++) await hub.publish(`user-${index}`, [{}]);
    expect(await run()).toEqual({ ...NONE, held: 230 });
  });

  it("leaves a crowd to be shared where it is a round, and holds what is no crowd", async () => {
    for (let index = 0; index < 127; index++) await hub.publish(`user-${index}`, [{}]);
    expect(await run({}, running, true)).toEqual({ ...NONE, held: 127 });
    for (let index = 0; index < 128; index++) await hub.publish(`user-${index}`, [{}]);
    expect(await run({}, running, true)).toBeUndefined();
    expect(await hub.jobs()).toHaveLength(127);
  });

  it("finds users in partitions that were quiet once their grace period is over", async () => {
    const graceMs = 100;
    const quiet = new QuietPartitions(graceMs);
    expect(await run({ graceMs, quiet })).toEqual(NONE);
    await hub.publish("ann", [{}]);
    expect(await run({ graceMs, quiet })).toEqual(NONE);
    await eventually(async () => (await run({ graceMs, quiet }))?.held === 1);
  });

  it("stops between two users when it is told to, and leaves the rest due", async () => {
    await hub.publish("ann", [{}]);
    expect(await run({}, AbortSignal.abort())).toEqual(NONE);
    expect(await due("ann")).toHaveLength(1);
  });

  it("puts a user with a live socket off by two ping intervals", async () => {
    await connect("ann");
    await hub.publish("ann", [{}]);
    const graceMs = 5;
    const before = await hub.store.nowMs();
    await passed(before + 10);
    expect(await run({ graceMs })).toEqual({ ...NONE, live: 1 });
    expect(await hub.jobs()).toEqual([]);
    const [user] = await due("ann");
    const lookMs = Number(user?.sinceMs) + graceMs - 50_000;
    expect(lookMs).toBeGreaterThanOrEqual(before);
    expect(lookMs).toBeLessThanOrEqual(await hub.store.nowMs());
    expect(await run({ graceMs })).toEqual(NONE);
  });

  it("never puts a user off beyond the age at which a live socket no longer counts", async () => {
    await connect("ann");
    const [offset = ""] = await hub.publish("ann", [{}]);
    await passed(offsetTimeMs(offset));
    expect(await run({ liveHoldMs: 20_000 })).toEqual({ ...NONE, live: 1 });
    expect((await due("ann"))[0]?.sinceMs).toBe(offsetTimeMs(offset) + 20_000);
  });

  it("P3 holds events of a connected tab that never acknowledges once they are old", async () => {
    await connect("ann");
    await hub.publish("ann", drafts(3));
    const outcome = await eventually(async () => {
      const counts = await run({ liveHoldMs: 300, pingIntervalMs: 10 });
      return counts?.held === 1 ? counts : null;
    });
    expect(outcome).toEqual({ ...NONE, held: 1 });
    expect((await hub.jobs()).map((job) => job.data.count)).toEqual([3]);
  });

  it("does not believe the notes of a gateway whose lease is over", async () => {
    await connect("ann");
    await hub.store.presence.endLease("gateway-1");
    await hub.publish("ann", [{}]);
    expect(await run()).toEqual({ ...NONE, held: 1 });
  });

  it("goes by the oldest waiting event where an ack of a part left an old score", async () => {
    const graceMs = 400;
    const [first = ""] = await hub.publish("ann", [{ text: "old" }]);
    await passed(offsetTimeMs(first) + graceMs);
    const [second = ""] = await hub.publish("ann", [{ text: "young" }]);
    await hub.store.log.ack(keysOf("ann"), first);
    expect(await run({ graceMs })).toEqual({ ...NONE, young: 1 });
    expect((await due("ann"))[0]?.sinceMs).toBe(offsetTimeMs(second));
    expect(await hub.jobs()).toEqual([]);
    await passed(offsetTimeMs(second) + graceMs);
    expect(await run({ graceMs })).toEqual({ ...NONE, held: 1 });
    expect((await hub.jobs()).map((job) => job.data.to)).toEqual([second]);
  });

  it("forgets a user whose keys have left", async () => {
    await hub.publish("ann", [{}]);
    await redisCall(redis.port, "DEL", keysOf("ann").user, keysOf("ann").log);
    expect(await run()).toEqual({ ...NONE, settled: 1 });
    expect(await due("ann")).toEqual([]);
    expect(await run()).toEqual(NONE);
  });

  it("P10 tells of a user it cannot sweep, and sweeps the others", async () => {
    const neighbours = Array.from({ length: 200 }, (_, index) => `user-${index}`)
      .filter((user) => keysOf(user).partition === keysOf("ann").partition)
      .slice(0, 3);
    for (const user of ["ann", ...neighbours]) await hub.publish(user, [{}]);
    await redisCall(redis.port, "DEL", keysOf("ann").log);
    await redisCall(redis.port, "SET", keysOf("ann").log, "not a stream");
    expect(await run()).toEqual({ ...NONE, held: neighbours.length, failed: 1 });
    expect(hub.errors).toEqual([expect.stringContaining("WRONGTYPE")]);
    expect(await run()).toEqual(NONE);
  });

  it("rejects when Redis is out of memory, and finishes once it is not", async () => {
    await hub.publish("ann", [{}]);
    await redisCall(redis.port, "CONFIG", "SET", "maxmemory", "1mb");
    try {
      await expect(run()).rejects.toMatchObject({ code: "STORE_FULL" });
    } finally {
      await redisCall(redis.port, "CONFIG", "SET", "maxmemory", "0");
    }
    expect(hub.errors).toEqual([expect.stringContaining("out of memory")]);
    expect(await run()).toEqual({ ...NONE, held: 1 });
  });
});
