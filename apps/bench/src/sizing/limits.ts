/** Limits: where the shape of the hub ends, not the size of a fleet, as far as constants tell. */
import { skewOf } from "./balance.ts";
import type { Constants } from "./constants.ts";
import type { Load } from "./load.ts";
import { MASTER_DATA_BYTES } from "./size.ts";

export interface DesignLimit {
  readonly what: string;
  readonly value: number;
  /** What `value` counts. */
  readonly of: string;
  readonly why: string;
}

/** What a thing that grows with the fleet may take of a core before it counts. */
const SHARE_US = 100_000;
const US_PER_S = 1e6;
/** Parts that all couriers' sweeps are cut into, packages/mailbox/src/courier-mailbox.ts. */
const SWEEP_SLICES = 8;
const UNEVEN = 1.25;

export function limitsOf(c: Constants, load: Load): DesignLimit[] {
  return [
    {
      what: "Gateways",
      value: SHARE_US / c.redisGatewayUs,
      of: "gateways",
      why: "each has connections to every master and a heartbeat a second on each: a tenth of each master's core",
    },
    {
      what: "Head checks, users",
      value: (SHARE_US * load.headCheckS) / c.redisHeadUs,
      of: "users online a master, counted once for each gateway they are on",
      why: "each to whom nothing came is looked at every `DOORSTEP_HEAD_CHECK_MS`: a tenth of a core",
    },
    {
      what: "Head checks, calls",
      value: (SHARE_US * load.headCheckS) / (c.redisHeadCallUs * load.partitions),
      of: "gateways a master",
      why: "a call for each partition that the gateway has users of: a tenth of a core",
    },
    {
      what: "Partitions",
      value: firstUneven(load.partitions),
      of: "masters",
      why: "partitions are the least that moves between masters; from here on the busiest has a quarter more than the mean",
    },
    {
      what: "One mailbox queue, CPU",
      value: (load.use * US_PER_S) / c.redisHeldUs,
      of: "held events/s",
      why: "a queue's keys share a slot, so a master; `DOORSTEP_MAILBOX_QUEUES` multiplies it",
    },
    {
      what: "One mailbox queue, memory",
      value: MASTER_DATA_BYTES / c.redisHeldBytes,
      of: "held events",
      why: "the same, with nothing else on that master",
    },
    {
      what: "Couriers",
      value: (SWEEP_SLICES * load.use * US_PER_S) / c.courierHeldUs,
      of: "held events/s",
      why: `sweeps are cut into ${SWEEP_SLICES} slices, so more couriers than that hold no faster`,
    },
    {
      what: "One user",
      value: US_PER_S / (c.redisEventUs + c.redisPushUs),
      of: "events/s, each published alone",
      why: "a user's keys share a slot, so a core; far below it the user's sockets and mailbox are full",
    },
  ];
}

function firstUneven(partitions: number): number {
  let masters = 1;
  while (skewOf(masters, partitions) <= UNEVEN) masters += 1;
  return masters;
}
