/** Redis stands still, then answers all that waited. */
import { setTimeout as delay } from "node:timers/promises";

import type { Fault } from "../fault.ts";
import { soleServer } from "../redis.ts";

const PAUSE_MS = 3_000;

export const redisPause: Fault = {
  name: "redis-pause",
  does: "stops redis-server with SIGSTOP for 3 s",
  async run({ hub }) {
    const server = soleServer(hub.redis);
    await server.kill("SIGSTOP");
    await delay(PAUSE_MS);
    await server.kill("SIGCONT");
  },
};
