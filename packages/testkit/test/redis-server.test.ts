import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, describe, expect, it } from "@jest/globals";

import { createCleanUp } from "../src/clean-up.ts";
import { redisCall } from "../src/redis-call.ts";
import type { RedisServer } from "../src/redis-process.ts";
import { type RedisOptions, startRedis } from "../src/redis-server.ts";

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

async function start(options?: RedisOptions): Promise<RedisServer> {
  const redis = await startRedis(options);
  cleanUp.add(() => redis.stop());
  return redis;
}

describe("startRedis", () => {
  it("answers on its port with the configuration Doorstep asks for", async () => {
    const redis = await start();
    expect(redis.url).toBe(`redis://127.0.0.1:${redis.port}`);
    const wanted = {
      "maxmemory-policy": "noeviction",
      appendonly: "yes",
      save: "",
      "stream-node-max-bytes": "512",
      "latency-tracking": "no",
    };
    for (const [name, value] of Object.entries(wanted)) {
      await expect(redisCall(redis.port, "CONFIG", "GET", name)).resolves.toEqual([name, value]);
    }
  });

  it("keeps its data over kill -9 and restart", async () => {
    const redis = await start();
    await redisCall(redis.port, "SET", "parcel", "größer");
    const before = redis.pid;
    await redis.kill();
    await expect(redisCall(redis.port, "PING")).rejects.toThrow("ECONNREFUSED");
    await redis.restart();
    expect(redis.pid).not.toBe(before);
    await expect(redisCall(redis.port, "GET", "parcel")).resolves.toBe("größer");
  });

  it("takes further arguments for one restart", async () => {
    const redis = await start();
    const limit = () => redisCall(redis.port, "CONFIG", "GET", "maxmemory");
    await redis.restart(["--maxmemory", "1048576"]);
    await expect(limit()).resolves.toEqual(["maxmemory", "1048576"]);
    await redis.restart();
    await expect(limit()).resolves.toEqual(["maxmemory", "0"]);
  });

  it("forgets its data over a restart without AOF", async () => {
    const redis = await start({ aof: false });
    await redisCall(redis.port, "SET", "parcel", "1");
    await redis.restart();
    await expect(redisCall(redis.port, "GET", "parcel")).resolves.toBeNull();
  });

  it("removes its own folder on stop, and stops once however often it is asked", async () => {
    const redis = await start();
    expect(existsSync(redis.dir)).toBe(true);
    await redis.stop();
    await redis.stop();
    expect(existsSync(redis.dir)).toBe(false);
  });

  it("leaves the caller's folder alone", async () => {
    const dir = await mkdtemp(join(tmpdir(), "doorstep-test-"));
    cleanUp.add(() => rm(dir, { recursive: true }));
    const redis = await startRedis({ dir });
    await redis.stop();
    expect(existsSync(join(dir, "appendonlydir"))).toBe(true);
  });

  it("stops a server that was frozen", async () => {
    const redis = await start();
    await redis.kill("SIGSTOP");
    await redis.stop();
    await expect(redisCall(redis.port, "PING")).rejects.toThrow("ECONNREFUSED");
  });

  it("tells what redis-server said when it does not start", async () => {
    await expect(startRedis({ args: ["--no-such-setting", "1"] })).rejects.toThrow(/no-such-setting/);
  });

  it("refuses a port where another server answers", async () => {
    const redis = await start();
    await expect(startRedis({ port: redis.port })).rejects.toThrow(/did not start[^]*in use/);
  });
});
