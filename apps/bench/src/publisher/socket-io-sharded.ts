/**
 * Publishes to rooms of the sharded adapter. It has no emitter of its own, so this writes the adapter's message itself: what
 * `io.to(room).emit()` of a further server would send, without that server's work.
 */
import { Redis } from "ioredis";

import type { Publisher } from "./publisher.ts";
import { toBroadcast } from "./socket-io-message.ts";

export async function connectSharded(redisUrl: string): Promise<Publisher> {
  const redis = new Redis(redisUrl);
  await redis.ping();
  return {
    publish(userId, body) {
      const room = `user:${userId}`;
      return redis.spublish(`socket.io#/#${room}#`, JSON.stringify(toBroadcast(room, body)));
    },
    close: async () => redis.disconnect(),
  };
}
