/** Redis is full: nothing more is taken, but acks and reads go on, and it recovers by itself once there is room. */
import { setTimeout as delay } from "node:timers/promises";
import { redisCall } from "@doorstep/testkit";

import type { Fault } from "../fault.ts";
import { soleServer } from "../redis.ts";

export const oom: Fault = {
  name: "oom",
  does: "sets maxmemory to what is used, so that no append is taken for some seconds",
  async run({ hub }, random) {
    const { port } = soleServer(hub.redis);
    const used = /used_memory:(\d+)/.exec(String(await redisCall(port, "INFO", "memory")));
    await redisCall(port, "CONFIG", "SET", "maxmemory", used?.[1] ?? "1mb");
    // Sometimes for longer than publishers try.
    await delay(random.integer(1_500, 8_000));
    await redisCall(port, "CONFIG", "SET", "maxmemory", 0);
  },
};
