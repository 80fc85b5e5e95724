/** `durability: "replicated"` as an agent process uses it; what WAIT does on which node is the store's test. */
import { afterEach, describe, expect, it } from "@jest/globals";
import { type Envelope, type PublishResult, ZERO_OFFSET } from "@doorstep/protocol";
import { bodyOf, connectStore } from "@doorstep/store";
import {
  createCleanUp,
  eventually,
  type RedisCluster,
  redisCall,
  type RedisServer,
  startCluster,
} from "@doorstep/testkit";
import { createHub, type Hub, type HubOptions } from "../src/index.ts";
import { startFixture, typesOf } from "./support/fixture.ts";

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

const REPLICATED = { durability: "replicated" } as const;
const QUICK = { limits: { replicaTimeoutMs: 100 } };

describe("a replicated publish without replicas", () => {
  it("P1 is repeated until its time is up, tells that it is logged, and is logged once", async () => {
    const { hub, eventsOf } = await startFixture(cleanUp, QUICK);
    const under = { code: "UNDER_REPLICATED", retryable: true };
    const started = performance.now();
    await expect(hub.publish({ userId: "ada" }, "note", 1, { ...REPLICATED, timeoutMs: 700 })).rejects.toMatchObject(
      under,
    );
    expect(performance.now() - started).toBeGreaterThan(600);
    const items = [2, 3].map((data) => ({ to: { userId: "ada" }, type: "note", data }));
    const results = await hub.publishMany(items, { ...REPLICATED, timeoutMs: 700 });
    expect(results).toMatchObject([{ error: under }, { error: under }]);
    expect((await eventsOf("ada")).map((event) => event.data)).toEqual([1, 2, 3]);
  });

  it("is for the publish that asks for it, and for all where the hub is told so", async () => {
    const { hub, openHub, eventsOf } = await startFixture(cleanUp, QUICK);
    await expect(hub.publish({ userId: "bob" }, "note", 1)).resolves.not.toHaveProperty("replicas");
    const strict = openHub({ ...REPLICATED, timeoutMs: 600, buffer: { timeoutMs: 600 } });
    await expect(strict.publish({ userId: "bob" }, "note", 2)).rejects.toMatchObject({ code: "UNDER_REPLICATED" });
    await strict.publish({ userId: "bob" }, "note", 3, { durability: "logged" });
    await strict.publish({ userId: "bob" }, "tool_progress", { toolCallId: "c", progress: 0.5 });
    const run = strict.run({ userId: "cy", threadId: "t", agentName: "a" }, async () => 1);
    await expect(run).rejects.toMatchObject({ code: "UNDER_REPLICATED" });
    expect((await eventsOf("bob")).map((event) => event.data)).toEqual([1, 2, 3]);
    expect(typesOf(await eventsOf("cy"))[0]).toBe("agent_started");
  });

  it.each<[string, Partial<HubOptions>]>([
    ["durability", { durability: "replicate" as "replicated" }],
    ["limits.minReplicas", { limits: { minReplicas: 0 } }],
    ["limits.minReplicas", { limits: { minReplicas: 1.5 } }],
    ["limits.replicaTimeoutMs", { limits: { replicaTimeoutMs: 0 } }],
    ["limits.replicaTimeoutMs", { limits: { replicaTimeoutMs: 3_001 } }],
  ])("names the option that is wrong: %s", async (name, wrong) => {
    const options = { redis: "redis://127.0.0.1:1", source: "urn:test", timeoutMs: 100 };
    expect(() => createHub({ ...options, ...wrong })).toThrow(name);
    const { durability } = wrong;
    if (durability === undefined) return;
    const hub = createHub(options);
    cleanUp.add(() => hub.close());
    await expect(hub.publish({ userId: "ada" }, "note", 1, { durability })).rejects.toThrow(TypeError);
  });
});

describe("a replicated publish to a Cluster", () => {
  it("P1 P5 loses nothing it answered when the master is killed while its replica lags, as a logged one may", async () => {
    const cluster = await startCluster();
    cleanUp.add(() => cluster.stop());
    const { publish, eventsOf, masterOf, openHub } = await publishers(cluster);
    const master = await masterOf();
    const replica = await replicaOf(cluster, master);

    const answered: PublishResult[] = [];
    const publishing = publish(200, answered);
    await eventually(() => answered.length >= 60);
    // Cut off: what is logged from here on reaches nobody but the master.
    await replica.kill("SIGSTOP");
    await redisCall(master.port, "CLIENT", "KILL", "TYPE", "replica");
    const control = openHub({ durability: "logged" });
    const { id: lostId } = await control.publish({ userId: "ada" }, "note", "control");
    await master.kill();
    await replica.kill("SIGCONT");
    await eventually(async () => (await masterOf()).port === replica.port, { timeoutMs: 20_000 });
    // Whoever is master now needs a replica of its own.
    await master.restart();
    await publishing;

    expect(answered).toHaveLength(200);
    for (const { replicas } of answered) expect(replicas).toBe(1);
    const logged = await eventsOf();
    const offsets = new Map(logged.map(({ id, offset }) => [id, offset]));
    expect(answered.filter(({ id, offset }) => offsets.get(id) !== offset)).toEqual([]);
    expect(logged.map(({ data }) => data).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 200 }, (_, n) => n),
    );
    expect(offsets.has(lostId)).toBe(false);
  }, 90_000);
});

interface Publishers {
  /** Publishes 0 to count - 1, by eight publishers that retry, and collects the answers. */
  publish: (count: number, answered: PublishResult[]) => Promise<void>;
  eventsOf: () => Promise<Envelope[]>;
  masterOf: () => Promise<RedisServer>;
  openHub: (options: Partial<HubOptions>) => Hub;
}

/** Publishers of replicated events to one user. */
async function publishers(cluster: RedisCluster): Promise<Publishers> {
  const store = await connectStore({ redis: cluster.url });
  cleanUp.add(() => store.close());
  const keys = store.log.keysOf("ada");
  const openHub = (options: Partial<HubOptions>): Hub => {
    const hub = createHub({ redis: cluster.url, source: "urn:test", timeoutMs: 40_000, ...options });
    cleanUp.add(() => hub.close({ drainMs: 1_000 }));
    return hub;
  };
  const hub = openHub(REPLICATED);
  const publish = async (count: number, answered: PublishResult[]): Promise<void> => {
    let next = 0;
    const publisher = async (): Promise<void> => {
      while (next < count) answered.push(await hub.publish({ userId: "ada" }, "note", next++));
    };
    await Promise.all(Array.from({ length: 8 }, publisher));
  };
  const eventsOf = async (): Promise<Envelope[]> => {
    const { entries } = await store.log.read(keys, ZERO_OFFSET, 1_000, 10_000_000);
    return entries.map((entry) => Object.assign(JSON.parse(bodyOf(entry)) as Envelope, { offset: entry.offset }));
  };
  return { publish, eventsOf, masterOf: () => cluster.masterOf(keys.log), openHub };
}

async function replicaOf(cluster: RedisCluster, master: RedisServer): Promise<RedisServer> {
  const replica = cluster.nodes[cluster.nodes.indexOf(master) + cluster.nodes.length / 2];
  const info = String(await redisCall(Number(replica?.port), "INFO", "replication"));
  if (replica === undefined || !info.includes(`master_port:${master.port}\r\n`)) throw new Error("not its replica");
  return replica;
}
