/** A publisher dies in the middle of what it does: an event is in the log whole or not at all. */
import { setTimeout as delay } from "node:timers/promises";

import type { Fault } from "../fault.ts";

export const publisherKill: Fault = {
  name: "publisher-kill",
  does: "kills a publisher process with SIGKILL and starts another",
  async run({ workload }, random) {
    await delay(random.integer(0, 500));
    await workload.program?.kill();
    await workload.startProcess();
  },
};
