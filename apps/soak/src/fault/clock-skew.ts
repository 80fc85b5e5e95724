/**
 * Programs disagree about the time by up to 20 minutes, all the while. A gateway and a courier die on top of it, so that
 * devices and parcels go from one clock to another; the courier that is left has to do the work by its own.
 */
import type { Fault } from "../fault.ts";
import { untilHeld } from "../custody.ts";
import { preload } from "../preload.ts";

const SKEW_MS = 600_000;
const SKEWS: ReadonlyMap<string, number> = new Map([
  ["gateway-0", SKEW_MS],
  ["gateway-1", -SKEW_MS],
  ["courier-0", SKEW_MS],
  ["publisher", -SKEW_MS],
]);

export const clockSkew: Fault = {
  name: "clock-skew",
  does: "sets the clocks of gateways, a courier and a publisher 10 minutes ahead or behind, and kills one of each",
  logMaxEvents: 30,
  ownEnv: (program) => preload("clock-skew", { ms: SKEWS.get(program) ?? 0 }),
  async run({ hub, workload, history }, random) {
    const gateway = random.pick(hub.gateways);
    const courier = random.pick(hub.couriers);
    await Promise.all([gateway.kill(), courier.kill()]);
    await gateway.restart();
    await untilHeld(hub, workload.away, history);
    await courier.restart();
  },
};
