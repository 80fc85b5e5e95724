import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { compareOffsets, type Offset, ZERO_OFFSET } from "@doorstep/protocol";
import { createCleanUp, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import { CatchUp } from "../../src/delivery/catch-up.ts";
import { seen } from "../support/page.ts";
import { openTestStore, type TestStore } from "../support/store.ts";

const cleanUp = createCleanUp();
let redis: RedisServer;
let hub: TestStore;
let catchUp: CatchUp;

beforeAll(async () => {
  redis = await startRedis({ aof: false });
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redisCall(redis.port, "FLUSHALL");
  hub = await openTestStore(cleanUp, redis.url);
  catchUp = new CatchUp(hub.store, hub.mailbox);
});
afterEach(() => cleanUp.run());

const keysOf = (userId: string) => hub.store.log.keysOf(userId);
/** Reads as for a client that says itself where it stands. */
const read = (after: string) => catchUp.read(keysOf("ann"), { after, told: ZERO_OFFSET, isSent: false });
/** Reads as for a socket that was sent everything up to there. */
const readOn = (after: string) => catchUp.read(keysOf("ann"), { after, told: ZERO_OFFSET, isSent: true });

/** Publishes an event and takes it back, as a Redis that lost the end of its writes; returns its offset. */
async function loseNext(): Promise<Offset> {
  const { user, log } = keysOf("ann");
  const state = (await redisCall(redis.port, "HGETALL", user)) as string[];
  const [head = ""] = String(await redisCall(redis.port, "HGET", user, "log")).split(" ");
  const [lost = ""] = await hub.publish("ann", 1);
  await redisCall(redis.port, "XDEL", log, lost);
  await redisCall(redis.port, "XSETID", log, head);
  await redisCall(redis.port, "HSET", user, ...state);
  return lost;
}

describe("what Redis lost", () => {
  it("P5 is told as a failover where the log ends before the offset", async () => {
    const [, , head] = await hub.publish("ann", 3);
    const lost = await loseNext();
    expect(await read(lost)).toMatchObject({ from: head, to: head, isForeign: true });
    expect(seen(await read(lost))).toEqual([{ from: lost, to: head, reason: "failover", possible: true }]);
  });

  it("P3 P5 goes on from what is acknowledged where a client claims what cannot have been", async () => {
    const offsets = await hub.publish("ann", 3);
    await hub.store.log.ack(keysOf("ann"), offsets[0] ?? "");
    const future = `${Date.now() + 60_000}-0`;
    const gap = { from: future, to: offsets[0], reason: "failover", possible: true };
    expect(await read(future)).toMatchObject({ from: offsets[0], to: offsets[2], isForeign: true });
    expect(seen(await read(future))).toEqual([gap, offsets[1], offsets[2]]);
  });

  it("P5 is told also where publishers appended again, so that the head is beyond what was lost", async () => {
    const offsets = await hub.publish("ann", 2);
    const lost = await loseNext();
    const late = await hub.publish("ann", 2);
    const gap = { from: lost, to: lost, reason: "failover", possible: true };
    expect(seen(await read(lost))).toEqual([gap, ...late]);
    // Whoever stands elsewhere is in this log.
    expect(seen(await read(offsets[1] ?? ""))).toEqual(late);
    expect(seen(await read(late[0] ?? ""))).toEqual([late[1]]);
  });

  it("P5 believes a client's word for itself only; what the hub sent is a mark for everybody", async () => {
    await hub.store.history.check();
    const readOnMark = (mark: Offset) => catchUp.read(keysOf("ann"), { after: mark, told: mark, isSent: false });
    await hub.publish("ann", 1);
    const lost = await loseNext();
    const [late = ""] = await hub.publish("ann", 1);
    await read(lost);
    const { partition } = keysOf("ann");
    expect(hub.store.history.markOf(partition)).toBe(ZERO_OFFSET);

    const page = await readOn(lost);
    const mark = hub.store.history.markOf(partition);
    expect(compareOffsets(mark, late)).toBeGreaterThan(0);
    expect(page).toMatchObject({ to: mark, told: mark });
    // What the hub sent it knows to be all there was: nothing comes again.
    expect(seen(page)).toEqual([late, { from: lost, to: mark, reason: "failover", possible: true }]);
    // On its mark a client is where it should be, and what is appended stands above it.
    expect(seen(await readOnMark(mark))).toEqual([]);
    const [next = ""] = await hub.publish("ann", 1);
    expect(compareOffsets(next, mark)).toBeGreaterThan(0);
    expect(seen(await readOnMark(mark))).toEqual([next]);
    // A client that says so itself is told of the mark once, too.
    expect(seen(await read(lost))).toEqual([late, next, { from: lost, to: next, reason: "failover", possible: true }]);
  });

  it("P5 keeps new offsets above a mark that is told, whatever Redis' clock says", async () => {
    await hub.store.history.check();
    await hub.publish("ann", 1);
    const [ahead] = (await redisCall(redis.port, "TIME")) as string[];
    const mark = `${Number(ahead) * 1_000 + 20_000}`;
    const lines = (await redisCall(redis.port, "HGETALL", "ds:histories")) as string[];
    const id = lines.find((field, i) => i % 2 === 0 && field !== "born") ?? "";
    await redisCall(redis.port, "HSET", "ds:histories", id, `${mark} 1`);
    await hub.store.history.check();
    const { to } = await readOn(ZERO_OFFSET);
    expect(to).toBe(`${mark}-0`);
    const [next = ""] = await hub.publish("ann", 1);
    expect(compareOffsets(next, to)).toBeGreaterThan(0);
  });

  it("P5 is a failover too where nothing is left, but not once all has expired by itself", async () => {
    const [offset = ""] = await hub.publish("ann", 1);
    await redisCall(redis.port, "FLUSHALL");
    expect(seen(await read(offset))).toEqual([{ from: offset, to: "0-0", reason: "failover", possible: true }]);
    const longAgo = `${Date.now() - hub.store.limits.holdMs - 1_000}-0`;
    expect(await read(longAgo)).toMatchObject({ to: "0-0", items: [] });
    const [late] = await hub.publish("ann", 1);
    expect(seen(await read(longAgo))).toEqual([late]);
  });
});
