/** All of Redis is emptied while everything runs. */
import { redisCall } from "@doorstep/testkit";

import type { Fault } from "../fault.ts";
import { soleServer } from "../redis.ts";

export const flushall: Fault = {
  name: "flushall",
  does: "empties Redis with FLUSHALL",
  lossy: "aof",
  async run({ hub }) {
    await redisCall(soleServer(hub.redis).port, "FLUSHALL");
  },
};
