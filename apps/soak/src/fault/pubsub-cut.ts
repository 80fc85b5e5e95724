/** Every subscription is cut, again and again: what was pushed meanwhile was pushed to nobody. */
import { setTimeout as delay } from "node:timers/promises";
import { redisCall } from "@doorstep/testkit";

import type { Fault } from "../fault.ts";
import { soleServer } from "../redis.ts";

const TIMES = 5;

export const pubsubCut: Fault = {
  name: "pubsub-cut",
  does: "kills all pub/sub connections, five times",
  async run({ hub }, random) {
    for (let count = 0; count < TIMES; count++) {
      await redisCall(soleServer(hub.redis).port, "CLIENT", "KILL", "TYPE", "pubsub");
      await delay(random.integer(20, 400));
    }
  },
};
