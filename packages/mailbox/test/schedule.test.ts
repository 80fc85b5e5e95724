import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { createCleanUp, eventually, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";

import { SWEEP } from "../src/queue.ts";
import { cutSlices, type Schedule, type ScheduleOptions, type Slice, startSchedule } from "../src/schedule.ts";
import { openHub, type TestHub } from "./support/hub.ts";

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

async function start(everyMs: number, run: ScheduleOptions["run"]): Promise<Schedule> {
  const { store, onError } = hub;
  const common = { store, address: SWEEP, slices: 8, stalledIntervalMs: 1_000, onError };
  const schedule = await startSchedule({ ...common, everyMs, run });
  cleanUp.add(() => schedule.close());
  return schedule;
}

describe("startSchedule", () => {
  it("makes a round of all partitions again and again, and nothing else where one will do", async () => {
    const runs: [Slice, boolean][] = [];
    await start(50, async (slice, isRound) => {
      runs.push([slice, isRound]);
      return true;
    });
    await eventually(() => runs.length >= 5);
    expect(new Set(runs.map((run) => JSON.stringify(run)))).toEqual(
      new Set([JSON.stringify([{ first: 0, end: 16 }, true])]),
    );
    expect(hub.errors).toEqual([]);
  });

  it("shares a round that is too much for one: slices that are all partitions", async () => {
    const runs = new Map<number, number>();
    await start(50, async ({ first, end }, isRound) => {
      if (isRound) return false;
      for (let p = first; p < end; p++) runs.set(p, (runs.get(p) ?? 0) + 1);
      return true;
    });
    await eventually(() => runs.size === 16 && Math.min(...runs.values()) >= 3);
    expect([...runs.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, index) => index));
    expect(hub.errors).toEqual([]);
  });

  it("spreads the slices of a round over the interval, so that they do not all come at once", async () => {
    const HOUR_MS = 3_600_000;
    let isShared = false;
    // BullMQ makes the first round at once.
    await start(HOUR_MS, async (_, isRound) => {
      isShared ||= isRound;
      return !isRound;
    });
    await eventually(async () => Number(await redisCall(redis.port, "ZCARD", "{ds:sweep}:sweep:delayed")) >= 7);
    expect(isShared).toBe(true);
    const flat = (await redisCall(redis.port, "ZRANGE", "{ds:sweep}:sweep:delayed", "0", "-1")) as string[];
    const delays = await Promise.all(
      flat
        .filter((id) => !id.startsWith("repeat"))
        .map((id) => redisCall(redis.port, "HGET", `{ds:sweep}:sweep:${id}`, "delay").then(Number)),
    );
    expect(delays.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7].map((i) => (i * HOUR_MS) / 8));
  });

  it("is shared by couriers: each has its part of the rounds", async () => {
    const runs = [0, 0];
    for (const index of runs.keys()) {
      await start(100, async () => {
        runs[index] = Number(runs[index]) + 1;
        return true;
      });
    }
    const started = Date.now();
    await eventually(() => Math.min(...runs) >= 4);
    // Every courier lays the schedule at its start, which may bring a round forward.
    expect(Number(runs[0]) + Number(runs[1])).toBeLessThanOrEqual((Date.now() - started) / 100 + 4);
  });

  it("goes on after a round failed, and tells of it", async () => {
    let runs = 0;
    await start(50, async () => {
      runs += 1;
      if (runs === 1) throw new Error("no luck");
      return true;
    });
    await eventually(() => runs > 3);
    expect(hub.errors).toEqual(["a sweep job: no luck"]);
  });

  it("P5 mends itself when Redis lost the schedule", async () => {
    let runs = 0;
    await start(50, async () => {
      runs += 1;
      return true;
    });
    await eventually(() => runs > 0);
    await redisCall(redis.port, "FLUSHALL");
    const before = runs;
    await eventually(() => runs > before + 3);
  });

  it("waits on close for a round that is under way, and runs none after", async () => {
    let finish: () => void = () => undefined;
    let started = 0;
    let finished = 0;
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const schedule = await start(50, async () => {
      started += 1;
      await held;
      finished += 1;
      return true;
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
