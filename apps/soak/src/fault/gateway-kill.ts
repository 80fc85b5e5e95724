/** A gateway dies without a word and comes back after a while; its clients move to the other one. */
import { setTimeout as delay } from "node:timers/promises";

import type { Fault } from "../fault.ts";

export const gatewayKill: Fault = {
  name: "gateway-kill",
  does: "kills a gateway with SIGKILL and starts it again",
  async run({ hub }, random) {
    const gateway = random.pick(hub.gateways);
    await gateway.kill();
    await delay(random.integer(0, 2_000));
    await gateway.restart();
  },
};
