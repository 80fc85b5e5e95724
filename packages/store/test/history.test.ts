import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { compareOffsets, ZERO_OFFSET } from "@doorstep/protocol";
import { createCleanUp, eventually, redisCall, type RedisServer, startRedis } from "@doorstep/testkit";

import { connectStore, type Store } from "../src/index.ts";
import { openEar } from "./support/ear.ts";

const cleanUp = createCleanUp();
let redis: RedisServer;
let store: Store;

beforeEach(async () => {
  redis = await startRedis();
  cleanUp.add(() => redis.stop());
  store = await open();
});
afterEach(() => cleanUp.run());

async function open(): Promise<Store> {
  const opened = await connectStore({ redis: redis.url });
  cleanUp.add(() => opened.close());
  return opened;
}

const markOf = ({ history }: Store) => history.markOf(7);

/** Ends Redis and starts it with all its data; every store has connected again then. */
async function restart(...stores: Store[]): Promise<void> {
  await redis.kill();
  await redis.restart();
  await eventually(() => stores.every((each) => each.isReady()));
}

describe("the marks of lost writes", () => {
  it("P5 are none where nothing happened, and where Redis restarts with everything", async () => {
    expect(await store.history.check()).toBe(false);
    await restart(store);
    expect(await store.history.check()).toBe(false);
    expect(markOf(store)).toBe(ZERO_OFFSET);
  });

  it("P5 are made once for a loss, told to whoever listens, and known to who comes later", async () => {
    const ear = await openEar(store);
    await store.history.check();
    expect(await store.history.lose([7])).toBe(true);
    await eventually(() => ear.markCount() === 1);
    const mark = markOf(store);
    expect(Number(mark.split("-")[0])).toBeGreaterThan(Date.now() - 10_000);
    // Others see the same loss, and so does this one again.
    const other = await open();
    expect(await other.history.lose([7])).toBe(true);
    expect(await store.history.lose([7])).toBe(false);
    expect([markOf(other), markOf(store)]).toEqual([mark, mark]);
    expect(ear.markCount()).toBe(1);
    expect(ear.malformed).toEqual([]);
  });

  it("P5 outlive a restart, for those who were away, and a further loss moves them on", async () => {
    await store.history.lose([7]);
    const mark = markOf(store);
    await restart(store);
    const other = await open();
    await Promise.all([store.history.check(), other.history.check()]);
    expect([markOf(store), markOf(other)]).toEqual([mark, mark]);
    expect(await other.history.lose([7])).toBe(true);
    expect(compareOffsets(markOf(other), mark)).toBeGreaterThan(0);
  });

  it("P5 are made where all of Redis is emptied, also after somebody new came to it", async () => {
    const other = await open();
    await Promise.all([store.history.check(), other.history.check()]);
    await redisCall(redis.port, "FLUSHALL");
    const late = await open();
    expect(await late.history.check()).toBe(false);
    expect(await store.history.check()).toBe(true);
    expect(await other.history.check()).toBe(true);
    expect(await late.history.check()).toBe(true);
    expect(markOf(store)).not.toBe(ZERO_OFFSET);
    expect([markOf(other), markOf(late)]).toEqual([markOf(store), markOf(store)]);
    expect(await store.history.check()).toBe(false);
  });
});

describe("a floor", () => {
  it("does not outlive its use where the user has nothing else", async () => {
    const keys = store.log.keysOf("nobody");
    await store.history.raiseFloor(keys, `${Date.now()}-0`);
    const ttlMs = Number(await redisCall(redis.port, "PTTL", keys.user));
    expect(ttlMs).toBeGreaterThan(60_000);
    expect(ttlMs).toBeLessThanOrEqual(120_000);
  });
});
