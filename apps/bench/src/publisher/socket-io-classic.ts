/** Publishes with the emitter that belongs to the classic adapter. */
import { Emitter } from "@socket.io/redis-emitter";
import { Redis } from "ioredis";

import type { Publisher } from "./publisher.ts";

export async function connectClassic(redisUrl: string): Promise<Publisher> {
  const redis = new Redis(redisUrl);
  await redis.ping();
  const emitter = new Emitter(redis);
  return {
    publish: (userId, body) => void emitter.to(`user:${userId}`).emit("event", body),
    close: async () => redis.disconnect(),
  };
}
