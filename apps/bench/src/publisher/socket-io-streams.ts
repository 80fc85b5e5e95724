/** Publishes by appending to the stream that the streams adapter reads, with the adapter's own limit of its length. */
import { Redis } from "ioredis";

import type { Publisher } from "./publisher.ts";
import { toBroadcast } from "./socket-io-message.ts";

const STREAM = "socket.io";
const MOST_ENTRIES = 10_000;

export async function connectStreams(redisUrl: string): Promise<Publisher> {
  const redis = new Redis(redisUrl);
  await redis.ping();
  return {
    publish(userId, body) {
      const { uid, nsp, type, data } = toBroadcast(`user:${userId}`, body);
      const fields = ["uid", uid, "nsp", nsp, "type", type, "data", JSON.stringify(data)];
      return redis.xadd(STREAM, "MAXLEN", "~", MOST_ENTRIES, "*", ...fields);
    },
    close: async () => redis.disconnect(),
  };
}
