/** A rollout: a gateway is asked to leave under load, has to end well, and a new one takes its address. */
import type { Fault } from "../fault.ts";

export const gatewayDrain: Fault = {
  name: "gateway-drain",
  does: "drains a gateway with SIGTERM under load and starts a new one",
  async run({ hub }, random) {
    const gateway = random.pick(hub.gateways);
    await gateway.drain();
    await gateway.restart();
  },
};
