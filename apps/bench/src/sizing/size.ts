/** Sizes: the least fleet for a load. What a fleet costs grows with the fleet, so it is looked for until it stands. */
import { skewOf } from "./balance.ts";
import type { Constants } from "./constants.ts";
import type { Load } from "./load.ts";
import { type Demand, demandOf, type Fleet, processesFor } from "./model.ts";

export interface Size {
  readonly load: Load;
  readonly fleet: Fleet;
  readonly demand: Demand;
  /** The busiest master against the mean. */
  readonly skew: number;
  /** Bytes of the busiest master: data, what fragmentation adds, and as much again for copies on write while the file is rewritten. */
  readonly masterBytes: number;
}

/** A master's data at most, so that its file is rewritten and its replica filled within minutes. */
export const MASTER_DATA_BYTES = 16 * 1_024 ** 3;
/** Of a gateway's memory for connections, such as a container's 1.5 GB less what it needs itself and in a storm. */
export const GATEWAY_BYTES = 1_024 ** 3;
const SPARE = 1.5;
const MOST_ROUNDS = 1_000;

/** Finds the fleet; throws where more of it makes the load no smaller. */
export function sizeOf(constants: Constants, load: Load): Size {
  let fleet: Fleet = { gateways: 1, masters: 1, couriers: 1 };
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const demand = demandOf(constants, load, fleet);
    const bytes = sum(demand.redisBytes);
    const skew = skewOf(fleet.masters, load.partitions);
    const needed: Fleet = {
      gateways: Math.max(
        fleet.gateways,
        processesFor(demand.gateway, load.use),
        Math.ceil(demand.gatewayBytes / (GATEWAY_BYTES + constants.gatewayBaseBytes)),
      ),
      masters: Math.max(
        fleet.masters,
        // The busiest one keeps within the use; one more at a time, since each makes the balance another.
        Math.min(fleet.masters + 1, processesFor(demand.redis, load.use / skew)),
        Math.min(fleet.masters + 1, Math.ceil((bytes * skew) / MASTER_DATA_BYTES)),
      ),
      couriers: Math.max(fleet.couriers, processesFor(demand.courier, load.use)),
    };
    if (isSame(needed, fleet))
      return { load, fleet, demand, skew, masterBytes: ((bytes * skew) / fleet.masters) * SPARE };
    fleet = needed;
  }
  throw new RangeError(`no fleet serves ${load.users} users: what it costs grows faster than it does`);
}

export function sum(parts: Readonly<Record<string, number>>): number {
  return Object.values(parts).reduce((total, value) => total + value, 0);
}

function isSame(a: Fleet, b: Fleet): boolean {
  return a.gateways === b.gateways && a.masters === b.masters && a.couriers === b.couriers;
}
