/** One publisher publishes ten times as often for a while. */
import { setTimeout as delay } from "node:timers/promises";

import type { Fault } from "../fault.ts";

const FACTOR = 10;

export const load10x: Fault = {
  name: "load-10x",
  does: "publishes ten times as often for 2 to 4 s",
  async run({ workload }, random) {
    workload.hurry(FACTOR);
    await delay(random.integer(2_000, 4_000));
    workload.hurry(1);
  },
};
