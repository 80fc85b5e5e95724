/** The Redis adapters of Socket.IO, each with the settings its documentation recommends for one room per user. */
import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { createAdapter as createStreamsAdapter } from "@socket.io/redis-streams-adapter";
import { Redis } from "ioredis";
import type { ServerOptions } from "socket.io";

export type AdapterName = "sharded" | "classic" | "streams";

/** How long the streams adapter keeps the session of a client that is gone: the documentation's two minutes. */
const RECOVERY_MS = 2 * 60 * 1_000;

/** Connects to Redis; answers what makes a Socket.IO server use it. */
export function createAdapterOptions(name: AdapterName, redisUrl: string): Partial<ServerOptions> {
  const redis = new Redis(redisUrl);
  if (name === "sharded") {
    const adapter = createShardedAdapter(redis, redis.duplicate(), { subscriptionMode: "dynamic-private" });
    return { adapter };
  }
  if (name === "classic") return { adapter: createAdapter(redis, redis.duplicate()) };
  return {
    adapter: createStreamsAdapter(redis),
    connectionStateRecovery: { maxDisconnectionDuration: RECOVERY_MS, skipMiddlewares: true },
  };
}
