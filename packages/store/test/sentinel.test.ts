import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createCleanUp, eventually, type RedisSentinel, type RedisServer, startSentinel } from "@doorstep/testkit";
import { Redis } from "ioredis";

import { parseRedisUrl } from "../src/redis-url.ts";
import { isPresentMaster } from "../src/sentinel.ts";

const cleanUp = createCleanUp();
let topology: RedisSentinel;
beforeAll(async () => {
  topology = await startSentinel();
  cleanUp.add(() => topology.stop());
}, 60_000);
afterAll(() => cleanUp.run());

/** A connection to one server as it would be behind these sentinels: a lagging one sends clients anywhere. */
async function connectTo({ port }: RedisServer, sentinels?: readonly { host: string; port: number }[]): Promise<Redis> {
  const redis = new Redis({ host: "127.0.0.1", port, lazyConnect: true });
  cleanUp.add(() => redis.disconnect());
  await redis.connect();
  const { nodes, master } = parseRedisUrl(topology.url);
  Object.assign(redis.options, { sentinels: sentinels ?? nodes, name: master });
  return redis;
}

describe("a connection behind Sentinel", () => {
  it("P5 leads to the present master, or is known not to", async () => {
    await expect(isPresentMaster(await connectTo(topology.master))).resolves.toBe(true);
    await expect(isPresentMaster(await connectTo(topology.replica))).resolves.toBe(false);
  });

  it("is believed where no sentinel answers, and where there is none", async () => {
    const nobody = [{ host: "127.0.0.1", port: 1 }];
    await expect(isPresentMaster(await connectTo(topology.replica, nobody))).resolves.toBe(true);
    const plain = new Redis({ host: "127.0.0.1", port: topology.replica.port });
    cleanUp.add(() => plain.disconnect());
    await expect(isPresentMaster(plain)).resolves.toBe(true);
  });

  it("P5 follows the latest epoch: the master of before a failover is known for what it is when it is back", async () => {
    const { master } = topology;
    await master.kill();
    await eventually(async () => (await topology.currentMaster()) !== master, { timeoutMs: 30_000 });
    await master.restart();
    // It calls itself master until a sentinel gets to it; one sentinel that knows is enough.
    await expect(isPresentMaster(await connectTo(master))).resolves.toBe(false);
  }, 60_000);
});
