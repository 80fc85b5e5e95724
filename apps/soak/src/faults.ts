/** All fault classes, in the order in which a soak goes through them: first those that may lose nothing. */
import type { Fault } from "./fault.ts";
import { aofTailCut } from "./fault/aof-tail-cut.ts";
import { blackhole } from "./fault/blackhole.ts";
import { clockSkew } from "./fault/clock-skew.ts";
import { clusterFailover } from "./fault/cluster-failover.ts";
import { clusterReshard } from "./fault/cluster-reshard.ts";
import { courierKill } from "./fault/courier-kill.ts";
import { courierKillSteps } from "./fault/courier-kill-steps.ts";
import { drainKillSteps } from "./fault/drain-kill-steps.ts";
import { earlyAcks } from "./fault/early-acks.ts";
import { eventLoopStall } from "./fault/event-loop-stall.ts";
import { expiry } from "./fault/expiry.ts";
import { flood } from "./fault/flood.ts";
import { flushall } from "./fault/flushall.ts";
import { forgedOffset } from "./fault/forged-offset.ts";
import { gatewayDrain } from "./fault/gateway-drain.ts";
import { gatewayKill } from "./fault/gateway-kill.ts";
import { gatewayPause } from "./fault/gateway-pause.ts";
import { halfOpen } from "./fault/half-open.ts";
import { hostileAcks } from "./fault/hostile-acks.ts";
import { load10x } from "./fault/load-10x.ts";
import { lostReply } from "./fault/lost-reply.ts";
import { malformed } from "./fault/malformed.ts";
import { oom } from "./fault/oom.ts";
import { poison } from "./fault/poison.ts";
import { publisherKill } from "./fault/publisher-kill.ts";
import { pubsubCut } from "./fault/pubsub-cut.ts";
import { readonly } from "./fault/readonly.ts";
import { redisKill } from "./fault/redis-kill.ts";
import { redisPause } from "./fault/redis-pause.ts";
import { sentinelFailover } from "./fault/sentinel-failover.ts";
import { slowClient } from "./fault/slow-client.ts";
import { stuckClient } from "./fault/stuck-client.ts";

/** Every class. */
export const FAULTS: readonly Fault[] = [
  gatewayKill,
  gatewayPause,
  eventLoopStall,
  gatewayDrain,
  courierKill,
  courierKillSteps,
  drainKillSteps,
  expiry,
  publisherKill,
  lostReply,
  redisKill,
  redisPause,
  pubsubCut,
  blackhole,
  oom,
  malformed,
  poison,
  hostileAcks,
  earlyAcks,
  forgedOffset,
  slowClient,
  halfOpen,
  flood,
  load10x,
  clusterReshard,
  clockSkew,
  aofTailCut,
  flushall,
  clusterFailover,
  sentinelFailover,
  readonly,
];

/** Classes that take too long for a round; they run when they are asked for. */
const LONG: readonly Fault[] = [stuckClient];

/** Finds a class by name; throws a RangeError with all names for one that is unknown. */
export function findFault(name: string): Fault {
  const all = [...FAULTS, ...LONG];
  const fault = all.find((known) => known.name === name);
  if (fault !== undefined) return fault;
  throw new RangeError(`there is no fault ${name}; there are ${all.map((known) => known.name).join(", ")}`);
}
