/** A gateway stands still, longer than its clients wait for a ping, and wakes to a world that went on without it. */
import { setTimeout as delay } from "node:timers/promises";

import type { Fault } from "../fault.ts";

const PAUSE_MS = 5_000;

export const gatewayPause: Fault = {
  name: "gateway-pause",
  does: "stops a gateway with SIGSTOP for 5 s",
  async run({ hub }, random) {
    const gateway = random.pick(hub.gateways);
    await gateway.signal("SIGSTOP");
    await delay(PAUSE_MS);
    await gateway.signal("SIGCONT");
  },
};
