import { afterEach, describe, expect, it } from "@jest/globals";

import { createCleanUp, eventually, redisCall, type RedisServer, startRedis } from "@doorstep/testkit";
import { Redis } from "ioredis";

import { connectStore, type Store, type StoreOptions } from "../src/index.ts";
import { openEar } from "./support/ear.ts";
import { event, events } from "./support/event.ts";
import { storedLog, storedOffsets } from "./support/log-view.ts";

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

async function start(): Promise<RedisServer> {
  const redis = await startRedis();
  cleanUp.add(() => redis.stop());
  return redis;
}

async function open(redis: StoreOptions["redis"], options: Partial<StoreOptions> = {}): Promise<Store> {
  const store = await connectStore({ redis, partitions: 16, ...options });
  cleanUp.add(() => store.close());
  return store;
}

/** Remembers rejections that nobody handled; jest itself lets them pass. */
function watchRejections(): unknown[] {
  const seen: unknown[] = [];
  const listener = (reason: unknown): void => void seen.push(reason);
  process.on("unhandledRejection", listener);
  cleanUp.add(() => process.off("unhandledRejection", listener));
  return seen;
}

describe("connectStore", () => {
  it("answers, tells Redis' clock and its settings", async () => {
    const store = await open((await start()).url, { limits: { logMaxEvents: 7 } });
    expect(store.isReady()).toBe(true);
    await expect(store.ping()).resolves.toBeUndefined();
    expect(Math.abs((await store.nowMs()) - Date.now())).toBeLessThan(5_000);
    expect(store).toMatchObject({ partitions: 16, limits: { logMaxEvents: 7, holdMs: 604_800_000 } });
    await store.close();
    await eventually(() => !store.isReady());
    await expect(store.ping()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("refuses a number of partitions other than the recorded one", async () => {
    const { url } = await start();
    await open(url, { partitions: 16 });
    await open(url, { partitions: 16 });
    const mismatch = { code: "SETTINGS_MISMATCH", message: expect.stringContaining("partitions 16, not 32") };
    await expect(open(url, { partitions: 32 })).rejects.toMatchObject(mismatch);
  });

  it("refuses a number of mailbox queues other than the recorded one", async () => {
    const { url } = await start();
    const store = await open(url);
    await store.requireSetting("mailboxQueues", 2);
    await store.requireSetting("mailboxQueues", 2);
    await expect(store.requireSetting("mailboxQueues", 1)).rejects.toMatchObject({ code: "SETTINGS_MISMATCH" });
  });

  it.each([0, 3, 16.5, 32_768, Number.NaN])("refuses %d partitions at once", async (partitions) => {
    await expect(connectStore({ redis: "redis://127.0.0.1:1", partitions })).rejects.toThrow(RangeError);
  });

  it.each([
    ["a port where nobody listens", "redis://127.0.0.1:1"],
    ["a host that does not exist", "redis://doorstep.invalid:6379"],
    ["sentinels that do not answer", "redis+sentinel://127.0.0.1:1/doorstep"],
    ["a Cluster that does not answer", "redis+cluster://127.0.0.1:1"],
  ])("tells UNAVAILABLE in time for %s", async (_, url) => {
    const rejections = watchRejections();
    const started = performance.now();
    const unavailable = { code: "UNAVAILABLE", message: expect.stringContaining("within 300 ms") };
    await expect(connectStore({ redis: url, connectTimeoutMs: 300 })).rejects.toMatchObject(unavailable);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(rejections).toEqual([]);
  });

  it("takes a caller's ioredis client, leaves it alone and ignores its key prefix", async () => {
    const { url } = await start();
    const client = new Redis(url, { keyPrefix: "app:", commandTimeout: 1_000, maxRetriesPerRequest: 3 });
    cleanUp.add(() => client.disconnect());
    const [mine, other] = [await open(client), await open(url)];
    const [result] = await mine.log.append("ada", events(1));
    const keys = other.log.keysOf("ada");
    await expect(other.log.heads([keys])).resolves.toEqual([{ head: result?.offset, undelivered: 1 }]);
    await mine.close();
    await expect(client.ping()).resolves.toBe("PONG");
  });

  it("opens connections for queues that wait for ever, whatever the command connection does", async () => {
    const store = await open((await start()).url);
    const queue = await store.openConnection("queue");
    const patient = { maxRetriesPerRequest: null, enableOfflineQueue: true, autoResendUnfulfilledCommands: true };
    expect(queue.options).toMatchObject(patient);
    // A blocking command takes longer than any command may.
    expect(queue.options).toHaveProperty("commandTimeout", undefined);
    await store.close();
    await eventually(() => queue.status === "end");
  });
});

describe("a store without Redis", () => {
  it("P5 tells UNAVAILABLE soon after a kill -9 and goes on after a restart", async () => {
    const rejections = watchRejections();
    const redis = await start();
    const store = await open(redis.url);
    const [first] = await store.log.append("ada", events(1));
    const keys = store.log.keysOf("ada");
    await redis.kill();
    const started = performance.now();
    const unavailable = { code: "UNAVAILABLE" };
    await expect(store.log.append("ada", events(1))).rejects.toMatchObject(unavailable);
    await expect(store.custody.waiting([keys.partition])).rejects.toMatchObject(unavailable);
    await expect(store.presence.disconnected(keys, "socket")).rejects.toMatchObject(unavailable);
    await expect(store.presence.renewLease("gw", 1_000, "")).rejects.toMatchObject(unavailable);
    await expect(store.ping()).rejects.toMatchObject(unavailable);
    await expect(store.nowMs()).rejects.toMatchObject(unavailable);
    expect(performance.now() - started).toBeLessThan(6_000);
    expect(store.isReady()).toBe(false);
    await redis.restart();
    const [second] = await eventually(() => store.log.append("ada", events(1)));
    const page = await store.log.read(keys, "0-0", 10, 10_000);
    expect(page.entries.map((entry) => entry.offset)).toEqual([first?.offset, second?.offset]);
    expect(rejections).toEqual([]);
  });

  it("P5 tells UNAVAILABLE where Redis is frozen, and finds with a retry what got through", async () => {
    const redis = await start();
    const store = await open(redis.url);
    const { subscriber } = await openEar(store);
    await redis.kill("SIGSTOP");
    const lost = event();
    const started = performance.now();
    const outcomes = await Promise.allSettled([
      store.log.append("ada", [lost]),
      subscriber.subscribe(store.log.keysOf("ada")),
    ]);
    const unavailable = { status: "rejected", reason: { code: "UNAVAILABLE" } };
    expect(outcomes).toMatchObject([unavailable, unavailable]);
    expect(performance.now() - started).toBeLessThan(6_000);
    await redis.kill("SIGCONT");
    const [result] = await eventually(() => store.log.append("ada", [lost], { isRetry: true }));
    const raw = await store.openConnection("command");
    await expect(storedOffsets(raw, store.log.keysOf("ada"))).resolves.toEqual([result?.offset]);
    expect(result?.duplicate).toBe(true);
  });
});

describe("a store whose Redis is out of memory", () => {
  it("P3 refuses appends and holds whole, while everything that drains goes on", async () => {
    const redis = await start();
    const store = await open(redis.url);
    const keys = store.log.keysOf("ada");
    const raw = await store.openConnection("command");
    const logged = await store.log.append("ada", events(3));
    const unheld = await store.custody.unheld(keys, 10);
    const before = await storedLog(raw, keys);
    await redisCall(redis.port, "CONFIG", "SET", "maxmemory", "100kb");

    const full = { code: "STORE_FULL", retryable: true };
    await expect(store.log.append("ada", [event({ id: "mine" })])).rejects.toMatchObject(full);
    await expect(store.log.append("bob", events(1))).rejects.toMatchObject(full);
    const last = unheld.events.at(-1)?.offset ?? "";
    await expect(store.custody.hold(keys, unheld.held, last)).rejects.toMatchObject(full);
    await expect(storedLog(raw, keys)).resolves.toEqual(before);
    await expect(raw.exists(store.log.keysOf("bob").user)).resolves.toBe(0);

    // A gateway may start, hold sockets, catch up and acknowledge.
    const late = await open(redis.url);
    await late.presence.renewLease("gw", 30_000, "info");
    await late.presence.connected(keys, "socket", "gw");
    await expect(late.presence.connections(keys, await late.presence.liveGateways())).resolves.toHaveLength(1);
    expect((await late.log.read(keys, "0-0", 10, 10_000)).entries).toHaveLength(3);
    await expect(late.log.ack(keys, String(logged[2]?.offset))).resolves.toMatchObject({ count: 3 });
    await expect(late.log.heads([keys])).resolves.toMatchObject([{ undelivered: 0 }]);

    await redisCall(redis.port, "CONFIG", "SET", "maxmemory", "0");
    await expect(store.log.append("ada", [event({ id: "mine" })])).resolves.toMatchObject([{ duplicate: false }]);
  });
});
