/** Appends arrive at Redis, and their answers are lost with the connection: the retry must find what was written. */
import { setTimeout as delay } from "node:timers/promises";

import type { Fault } from "../fault.ts";

const TIMES = 6;

export const lostReply: Fault = {
  name: "lost-reply",
  does: "drops answers of Redis to publishers and cuts their connections, six times",
  needsProxies: true,
  async run({ hub }, random) {
    for (let count = 0; count < TIMES; count++) {
      hub.publisherLink?.dropReplies(random.integer(1, 3));
      await delay(random.integer(50, 500));
    }
  },
};
