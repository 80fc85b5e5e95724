import { afterEach, expect, it } from "@jest/globals";

import { createCleanUp } from "../src/clean-up.ts";
import { eventually } from "../src/eventually.ts";
import { aofBytes, cutAof } from "../src/redis-aof.ts";
import { redisCall } from "../src/redis-call.ts";
import { startRedis } from "../src/redis-server.ts";

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

it("cuts off the end of what a dead server wrote, transactions whole, and they stay gone", async () => {
  const redis = await startRedis();
  cleanUp.add(() => redis.stop());
  const call = (...args: [string, ...(string | number)[]]) => redisCall(redis.port, ...args);
  const script = "redis.call('RPUSH', KEYS[1], ARGV[1]) redis.call('RPUSH', KEYS[1], ARGV[1])";
  await call("EVAL", script, 1, "list", "kept");
  await call("EVAL", script, 1, "list", "lost");
  // Redis answers before it writes where the disk is slow to keep what came before.
  await eventually(async () => expect(String(await call("INFO", "persistence"))).toContain("aof_buffer_length:0\r\n"));
  const bytes = await aofBytes(redis);
  await redis.kill();
  // Into the second transaction: its first command is whole.
  await cutAof(redis, bytes - 20);
  for (let round = 0; round < 2; round++) {
    await redis.restart();
    expect(await call("LRANGE", "list", 0, -1)).toEqual(["kept", "kept"]);
    await call("SET", "more", round);
    await redis.kill();
  }
});
