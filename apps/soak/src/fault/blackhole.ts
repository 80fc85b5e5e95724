/** The link between one gateway and Redis swallows everything without an error, and then works again. */
import { setTimeout as delay } from "node:timers/promises";

import type { Fault } from "../fault.ts";

const SILENCE_MS = 10_000;

export const blackhole: Fault = {
  name: "blackhole",
  does: "makes the link between one gateway and Redis swallow everything for 10 s",
  needsProxies: true,
  async run({ hub }, random) {
    const link = random.pick(hub.links);
    link.pause();
    await delay(SILENCE_MS);
    link.resume();
  },
};
