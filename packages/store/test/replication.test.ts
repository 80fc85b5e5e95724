import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";

import {
  createCleanUp,
  eventually,
  type RedisCluster,
  redisCall,
  type RedisServer,
  startCluster,
  startRedis,
  startSentinel,
} from "@doorstep/testkit";
import calculateSlot from "cluster-key-slot";
import { Redis } from "ioredis";

import { connectStore, type Store, type StoreLimits } from "../src/index.ts";
import { openEar } from "./support/ear.ts";
import { event, events } from "./support/event.ts";
import { storedOffsets } from "./support/log-view.ts";
import { freeze, replicaOf } from "./support/replica.ts";

const REPLICATED = { durability: "replicated" } as const;
const RETRY = { durability: "replicated", isRetry: true } as const;
const UNDER = { code: "UNDER_REPLICATED", retryable: true };

const forTest = createCleanUp();
const forSuite = createCleanUp();
afterEach(() => forTest.run());
afterAll(() => forSuite.run());

async function open(url: string, limits: Partial<StoreLimits> = {}): Promise<Store> {
  const store = await connectStore({ redis: url, limits: { replicaTimeoutMs: 300, ...limits }, partitions: 16 });
  forTest.add(() => store.close());
  return store;
}

async function lengthOf({ log }: Store, server: RedisServer, user: string): Promise<number> {
  return Number(await redisCall(server.port, "XLEN", log.keysOf(user).log));
}

/** How often a server's data was changed since it was started. */
async function changesOf(server: RedisServer): Promise<number> {
  const info = String(await redisCall(server.port, "INFO", "persistence"));
  return Number(/rdb_changes_since_last_save:(\d+)/.exec(info)?.[1]);
}

/** Whether the one replica of a master has confirmed all there is. */
async function hasAll(master: RedisServer): Promise<boolean> {
  const info = String(await redisCall(master.port, "INFO", "replication"));
  return /slave0:.*,offset=(\d+),/.exec(info)?.[1] === /master_repl_offset:(\d+)/.exec(info)?.[1];
}

describe("an append that waits for replicas, on one server without any", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
    forSuite.add(() => redis.stop());
  });

  it("P1 is UNDER_REPLICATED after the timeout, but logged and pushed, once however often it is repeated", async () => {
    const store = await open(redis.url);
    const keys = store.log.keysOf("ada");
    const ear = await openEar(store);
    await ear.subscriber.subscribe(keys);
    const [mine, made] = [event({ id: "mine" }), event()];
    const detail = { ...UNDER, detail: "0 of 1 within 300 ms" };
    await expect(store.log.append("ada", [mine, made], REPLICATED)).rejects.toMatchObject(detail);
    await expect(store.log.append("ada", [mine, made], RETRY)).rejects.toMatchObject(UNDER);
    expect(await lengthOf(store, redis, "ada")).toBe(2);
    expect(ear.heard).toMatchObject([{ events: [{ id: "mine" }, { id: made.id }] }]);
    // What is only to be logged finds it there, and says nothing of replicas.
    const [known] = await store.log.append("ada", [mine]);
    expect(known).toEqual({ id: "mine", offset: ear.heard[0]?.events[0]?.["offset"], duplicate: true });
  });

  it("is refused as any other, and nothing is written", async () => {
    const store = await open(redis.url, { maxPayloadBytes: 256 });
    const large = store.log.append("bob", [event({ data: "x".repeat(300) })], REPLICATED);
    await expect(large).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(await lengthOf(store, redis, "bob")).toBe(0);
  });

  it("does not wait where everything is ephemeral", async () => {
    const store = await open(redis.url);
    const [result] = await store.log.append("cy", [event({ delivery: "ephemeral" })], REPLICATED);
    expect(result).toEqual({ id: expect.any(String), offset: null, duplicate: false });
  });

  it("writes also where all is known already, for WAIT waits for writes only; a plain one does not", async () => {
    const store = await open(redis.url);
    const known = event({ id: "known" });
    await store.log.append("dee", [known]);
    const before = [await changesOf(redis), await redisCall(redis.port, "HGETALL", store.log.keysOf("dee").user)];
    await store.log.append("dee", [known]);
    expect(await changesOf(redis)).toBe(before[0]);
    await expect(store.log.append("dee", [known], REPLICATED)).rejects.toMatchObject(UNDER);
    expect(await changesOf(redis)).toBeGreaterThan(Number(before[0]));
    expect(await redisCall(redis.port, "HGETALL", store.log.keysOf("dee").user)).toEqual(before[1]);
  });

  it("P5 is UNAVAILABLE where Redis is gone, goes on once it is back, and its connection ends with the store", async () => {
    const own = await startRedis();
    forTest.add(() => own.stop());
    const store = await open(own.url);
    await expect(store.log.append("eve", events(1), REPLICATED)).rejects.toMatchObject(UNDER);
    await own.kill();
    await expect(store.log.append("eve", events(1), REPLICATED)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await own.restart();
    await eventually(() => expect(store.log.append("eve", events(1), REPLICATED)).rejects.toMatchObject(UNDER));
    await store.close();
    await expect(store.log.append("eve", events(1), REPLICATED)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await eventually(async () => !String(await redisCall(own.port, "CLIENT", "LIST")).includes("doorstep-"));
  });
});

describe("an append that waits for replicas, on a Cluster of six", () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startCluster();
    forSuite.add(() => cluster.stop());
  }, 60_000);

  /** A user of the store, the master that has the user's log, and that master's replica. */
  async function place(store: Store, user: string): Promise<{ master: RedisServer; replica: RedisServer }> {
    const master = await cluster.masterOf(store.log.keysOf(user).log);
    return { master, replica: await replicaOf(cluster.nodes, master) };
  }

  /** Users of the first master's slots, and of the others'. */
  async function usersByMaster(store: Store, count: number): Promise<{ here: string[]; elsewhere: string[] }> {
    const first = await cluster.masterOf(store.log.keysOf("0").log);
    const users: { here: string[]; elsewhere: string[] } = { here: [], elsewhere: [] };
    for (let n = 0; n < count; n++) {
      const master = await cluster.masterOf(store.log.keysOf(String(n)).log);
      users[master.port === first.port ? "here" : "elsewhere"].push(String(n));
    }
    return users;
  }

  it("P1 answers how many replicas have what was logged, and the replica has it", async () => {
    const store = await open(cluster.url);
    const results = await store.log.append("ada", [event(), event({ delivery: "ephemeral" }), event()], REPLICATED);
    expect(results).toMatchObject([{ replicas: 1, duplicate: false }, { offset: null }, { replicas: 1 }]);
    expect(results[1]).not.toHaveProperty("replicas");
    const { replica } = await place(store, "ada");
    const reader = new Redis(replica.port, { readOnly: true });
    forTest.add(() => reader.disconnect());
    expect(await reader.xlen(store.log.keysOf("ada").log)).toBe(2);
    await expect(store.log.append("ada", events(1))).resolves.not.toHaveProperty("0.replicas");
  });

  it("asks the node it wrote to: a frozen replica shows for its master's users, and only for those", async () => {
    const store = await open(cluster.url);
    const { here, elsewhere } = await usersByMaster(store, 30);
    await freeze(forTest, (await place(store, "0")).replica);
    const append = (user: string) => store.log.append(user, events(1), REPLICATED);
    const started = performance.now();
    const [held, free] = await Promise.all([
      Promise.allSettled(here.map(append)),
      Promise.allSettled(elsewhere.map(append)),
    ]);
    expect(here.length).toBeGreaterThan(4);
    expect(held.map((outcome) => outcome.status === "rejected" && outcome.reason)).toEqual(
      here.map(() => expect.objectContaining(UNDER)),
    );
    expect(free).toMatchObject(elsewhere.map(() => ({ status: "fulfilled", value: [{ replicas: 1 }] })));
    // All of them wait together.
    expect(performance.now() - started).toBeLessThan(1_500);
  });

  it("P1 answers the same offset with replicas once the replica goes on, for ids of callers and of the hub", async () => {
    const store = await open(cluster.url);
    const { master, replica } = await place(store, "bob");
    const thaw = await freeze(forTest, replica);
    const batch = [event({ id: "mine" }), event()];
    await expect(store.log.append("bob", batch, REPLICATED)).rejects.toMatchObject(UNDER);
    const offsets = await storedOffsets(await store.openConnection("command"), store.log.keysOf("bob"));
    await expect(store.log.append("bob", batch, RETRY)).rejects.toMatchObject(UNDER);
    await thaw();
    const results = await eventually(() => store.log.append("bob", batch, RETRY));
    expect(results).toMatchObject(offsets.map((offset) => ({ offset, duplicate: true, replicas: 1 })));
    expect(await lengthOf(store, master, "bob")).toBe(2);
  });

  it("does not take what another connection logged for replicated", async () => {
    const [plain, store] = [await open(cluster.url), await open(cluster.url)];
    await store.log.append("cy", [event({ id: "first" })], REPLICATED);
    await freeze(forTest, (await place(store, "cy")).replica);
    await plain.log.append("cy", [event({ id: "second" })]);
    await expect(store.log.append("cy", [event({ id: "second" })], REPLICATED)).rejects.toMatchObject(UNDER);
  });

  it("waits behind the script also where Redis has forgotten it", async () => {
    const store = await open(cluster.url);
    const { master, replica } = await place(store, "dee");
    await store.log.append("dee", events(1), REPLICATED);
    await redisCall(master.port, "SCRIPT", "FLUSH");
    await expect(store.log.append("dee", events(1), REPLICATED)).resolves.toMatchObject([{ replicas: 1 }]);
    // A WAIT that counted for what was written before would be content with that.
    await eventually(() => hasAll(master));
    await freeze(forTest, replica);
    await redisCall(master.port, "SCRIPT", "FLUSH");
    await expect(store.log.append("dee", events(1), REPLICATED)).rejects.toMatchObject(UNDER);
    expect(await lengthOf(store, master, "dee")).toBe(3);
  });

  it("keeps nobody else waiting: reads, acks and plain appends go on meanwhile", async () => {
    const store = await open(cluster.url, { replicaTimeoutMs: 3_000 });
    const keys = store.log.keysOf("eve");
    await freeze(forTest, (await place(store, "eve")).replica);
    const waiting = store.log.append("eve", events(1), REPLICATED).catch((error: unknown) => error);
    await eventually(async () => expect((await store.log.read(keys, "0-0", 10, 10_000)).entries).toHaveLength(1));
    const [plain] = await store.log.append("eve", events(1));
    await store.log.ack(keys, String(plain?.offset));
    await expect(Promise.race([waiting, Promise.resolve("waiting")])).resolves.toBe("waiting");
    await expect(waiting).resolves.toMatchObject(UNDER);
  });

  it("asks for as many replicas as the hub is told to", async () => {
    const store = await open(cluster.url, { minReplicas: 2 });
    const detail = "1 of 2 within 300 ms";
    await expect(store.log.append("flo", events(1), REPLICATED)).rejects.toMatchObject({ ...UNDER, detail });
  });

  it("P1 follows a slot to its new master, and logs what is appended meanwhile once", async () => {
    const store = await open(cluster.url);
    const user = "gil";
    const { master } = await place(store, user);
    const target = cluster.nodes.find((node, i) => i < 3 && node.port !== master.port);
    if (target === undefined) throw new Error("no other master");
    await store.log.append("0", events(1), REPLICATED);
    await moveSlot(calculateSlot(store.log.keysOf(user).log), master, target, cluster.nodes);
    const appends = Array.from({ length: 10 }, () => store.log.append(user, events(1), REPLICATED));
    expect((await Promise.all(appends)).flat()).toMatchObject(appends.map(() => ({ duplicate: false, replicas: 1 })));
    expect(await lengthOf(store, target, user)).toBe(10);
  });
});

/** Gives a slot to another master, with what is in it. */
async function moveSlot(
  slot: number,
  from: RedisServer,
  to: RedisServer,
  nodes: readonly RedisServer[],
): Promise<void> {
  const [fromId, toId] = [await redisCall(from.port, "CLUSTER", "MYID"), await redisCall(to.port, "CLUSTER", "MYID")];
  await redisCall(to.port, "CLUSTER", "SETSLOT", slot, "IMPORTING", String(fromId));
  await redisCall(from.port, "CLUSTER", "SETSLOT", slot, "MIGRATING", String(toId));
  for (const key of (await redisCall(from.port, "CLUSTER", "GETKEYSINSLOT", slot, 100)) as string[]) {
    await redisCall(from.port, "MIGRATE", "127.0.0.1", to.port, key, 0, 1_000);
  }
  for (const node of [to, from]) await redisCall(node.port, "CLUSTER", "SETSLOT", slot, "NODE", String(toId));
  // Whichever node is asked for the slots knows.
  for (const { port } of nodes) {
    await eventually(async () => {
      const ranges = (await redisCall(port, "CLUSTER", "SLOTS")) as [number, number, [string, number]][];
      return ranges.some(([first, last, [, owner]]) => first <= slot && slot <= last && owner === to.port);
    });
  }
}

describe("an append that waits for replicas, behind Sentinel", () => {
  it("P5 stands in the log of the replica that is promoted when the master is killed", async () => {
    const sentinel = await startSentinel();
    forTest.add(() => sentinel.stop());
    const store = await open(sentinel.url);
    const appended = await store.log.append("ada", events(3), REPLICATED);
    expect(appended.map((result) => result.replicas)).toEqual([1, 1, 1]);
    await sentinel.master.kill();
    await eventually(async () => (await sentinel.currentMaster()).port === sentinel.replica.port, {
      timeoutMs: 20_000,
    });
    // Nobody follows the new master.
    const lonely = event();
    await eventually(() => expect(store.log.append("ada", [lonely], RETRY)).rejects.toMatchObject(UNDER), {
      timeoutMs: 20_000,
    });
    const raw = await store.openConnection("command");
    const offsets = await storedOffsets(raw, store.log.keysOf("ada"));
    expect(offsets.slice(0, 3)).toEqual(appended.map((result) => result.offset));
    expect(offsets).toHaveLength(4);
  }, 60_000);
});
