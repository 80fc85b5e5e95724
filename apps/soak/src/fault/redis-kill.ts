/** Redis dies without a word and comes back with its append-only file: nothing acknowledged may be missing. */
import { setTimeout as delay } from "node:timers/promises";

import type { Fault } from "../fault.ts";
import { soleServer } from "../redis.ts";

export const redisKill: Fault = {
  name: "redis-kill",
  does: "kills redis-server with SIGKILL and starts it with its append-only file",
  async run({ hub }, random) {
    const server = soleServer(hub.redis);
    await server.kill();
    await delay(random.integer(0, 1_500));
    await server.restart();
  },
};
