import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { eventually } from "../src/eventually.ts";
import { redisCall } from "../src/redis-call.ts";
import { type RedisSentinel, startSentinel } from "../src/redis-sentinel.ts";

describe("startSentinel", () => {
  let redis: RedisSentinel;
  beforeAll(async () => {
    redis = await startSentinel();
  }, 60_000);
  afterAll(() => redis.stop());

  it("has three sentinels that agree on the master and could elect another", async () => {
    expect(redis.url).toMatch(/^redis\+sentinel:\/\/(127\.0\.0\.1:\d+,){2}127\.0\.0\.1:\d+\/doorstep$/);
    for (const { port } of redis.sentinels) {
      await expect(redisCall(port, "SENTINEL", "CKQUORUM", "doorstep")).resolves.toMatch(/^OK 3 usable/);
    }
    expect((await redis.currentMaster()).port).toBe(redis.master.port);
  });

  it("promotes the replica, which has the data, when the master is killed", async () => {
    await redisCall(redis.master.port, "SET", "parcel", "1");
    await redisCall(redis.master.port, "WAIT", 1, 1000);
    await redis.master.kill();
    await eventually(async () => (await redis.currentMaster()).port === redis.replica.port, { timeoutMs: 25_000 });
    await eventually(async () => expect(await redisCall(redis.replica.port, "ROLE")).toContain("master"));
    await expect(redisCall(redis.replica.port, "GET", "parcel")).resolves.toBe("1");
  }, 60_000);
});
