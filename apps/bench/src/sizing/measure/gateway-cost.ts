/**
 * What a gateway spends on events, connections, pings, acknowledgements and head checks, and what connections cost Redis.
 *
 * Each has a gateway of its own on which nothing else happens: pings and checks come so seldom that they do not count, or so
 * often that they do. What a gateway spends all the same is taken off.
 */
import { createCleanUp, readMemory, redisCall, type RedisServer } from "@doorstep/testkit";

import type { Constants } from "../constants.ts";
import { startMaster } from "../masters.ts";
import { lineThrough, type Used, wakeUsOf } from "../wake.ts";
import { Audience } from "./audience.ts";
import { besideNeighbours } from "./neighbours.ts";
import { QUIET } from "./settings.ts";
import { spentBy } from "./spent.ts";

const USERS = 1_000;
const MANY_USERS = 3_000;
const REST_S = 4;
const EVENTS = 5_000;
const OFTEN_PER_S = 300;
const SELDOM_PER_S = 100;
const LONELY_S = 8;
const WARM_UP_PER_S = 2_000;
const ACK_ROUNDS = 5;
const PING_OFTEN_MS = 2_500;
const PING_SELDOM_MS = 12_500;
const ACK_PING_MS = 1_000;
const CHECK_MS = 500;
const BYTES_PER_MB = 1_024 ** 2;
const MS_PER_S = 1_000;

export async function measureGateway(): Promise<Partial<Constants>> {
  const quiet = await withAudience(QUIET, (audience) => measureQuiet(audience));
  const pings = await measurePings();
  const checking = { ...QUIET, DOORSTEP_HEAD_CHECK_MS: String(CHECK_MS) };
  const checks = await withAudience(checking, (audience) => measureChecks(audience, quiet.gatewayIdleUs));
  return { ...quiet, ...pings, ...checks };
}

async function measureQuiet(audience: Audience) {
  const { crowd, redis } = audience;
  const pid = audience.gateway.program.pid;
  const { rssMb: baseMb } = await readMemory(pid);
  await crowd.call("connect", { from: 0, users: USERS });
  const { rssMb: fewMb } = await readMemory(pid);
  const memory = await spentBy(redis, () => crowd.call("connect", { from: USERS, users: MANY_USERS - USERS }));
  const { rssMb: manyMb } = await readMemory(pid);
  await crowd.call("drop", 0, MANY_USERS);
  const connects = await audience.spentBy(async () => {
    await crowd.call("connect", { from: 0, users: USERS });
    await crowd.call("drop", 0, USERS);
    await audience.restUs(0.5);
  });
  await crowd.call("connect", { from: 0, users: USERS });
  await audience.publish(USERS, EVENTS, WARM_UP_PER_S);
  const used = async (eventsPerS: number): Promise<Used> => {
    const events = eventsPerS * LONELY_S;
    let seconds = 0;
    const spent = await audience.spentBy(async () => {
      seconds = await audience.publish(USERS, events, eventsPerS);
    });
    return { usPerS: spent.gatewayUs / seconds, requestsPerS: events / seconds };
  };
  const [often, seldom] = await besideNeighbours(async () => [await used(OFTEN_PER_S), await used(SELDOM_PER_S)]);
  const { idleUs } = lineThrough(often, seldom);
  const busyUs = await perEvent(audience, idleUs, () => audience.publishInBursts(USERS, EVENTS));
  const { bytes, distinct } = await crowd.call("report");
  await audience.addDevices(USERS);
  const twiceUs = await perEvent(audience, idleUs, () => audience.publishInBursts(USERS, EVENTS));
  return {
    gatewayIdleUs: idleUs,
    gatewayBaseBytes: baseMb * BYTES_PER_MB,
    gatewayConnectionBytes: ((manyMb - fewMb) * BYTES_PER_MB) / (MANY_USERS - USERS),
    gatewayConnectUs: connects.gatewayUs / USERS,
    gatewayEventUs: busyUs,
    gatewayWakeUs: wakeUsOf(often, seldom, busyUs),
    gatewayCopyUs: twiceUs - busyUs,
    redisConnectUs: connects.redisUs / USERS,
    redisConnectionBytes: memory.memoryBytes / (MANY_USERS - USERS),
    socketBytes: bytes / distinct,
  };
}

async function measurePings(): Promise<Partial<Constants>> {
  const used = (everyMs: number): Promise<Used> =>
    withPings(everyMs, (audience) => besideNeighbours(() => measureSpread(audience, everyMs)));
  const { requestUs } = lineThrough(await used(PING_OFTEN_MS), await used(PING_SELDOM_MS));
  const gatewayAckUs = await withPings(ACK_PING_MS, measureAcks);
  return { gatewayPingUs: requestUs, gatewayAckUs };
}

/** Pings and pongs come alone, at any moment of the interval. */
async function measureSpread(audience: Audience, everyMs: number): Promise<Used> {
  const intervalS = everyMs / MS_PER_S;
  await audience.crowd.call("connect", { from: 0, users: USERS });
  await audience.restUs(intervalS);
  const rest = await audience.restUs(Math.max(REST_S, intervalS));
  return { usPerS: rest.gatewayUs, requestsPerS: USERS / intervalS };
}

/** Events come all at once; then pongs follow, all at once too, and each acknowledges unless one did before. */
async function measureAcks(audience: Audience): Promise<number> {
  const { redis, crowd } = audience;
  const intervalS = ACK_PING_MS / MS_PER_S;
  await crowd.call("connect", { from: 0, users: USERS });
  await audience.publishInBursts(USERS, USERS);
  await audience.gatherTimers(intervalS);
  await audience.restUs(2 * intervalS);
  const rest = await audience.restUs(REST_S);
  // Acknowledgements leave half a second after the pong, so those of two intervals are all there.
  const roundS = 2 * intervalS;
  let acksUs = 0;
  let acks = 0;
  for (let round = 0; round < ACK_ROUNDS; round++) {
    await audience.publishInBursts(USERS, USERS);
    const before = await scriptCalls(redis);
    const spent = await audience.restUs(roundS);
    acks += (await scriptCalls(redis)) - before;
    acksUs += (spent.gatewayUs - rest.gatewayUs) * roundS;
  }
  return acksUs / acks;
}

/** How many scripts ran so far: of a gateway without head checks to which nothing happens, its acknowledgements alone. */
async function scriptCalls({ port }: RedisServer): Promise<number> {
  const info = String(await redisCall(port, "INFO", "commandstats"));
  return Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(info)?.[1]);
}

async function measureChecks(audience: Audience, idleUs: number): Promise<Partial<Constants>> {
  const perS = MS_PER_S / CHECK_MS;
  await audience.crowd.call("connect", { from: 0, users: MANY_USERS });
  const rest = await besideNeighbours(() => audience.restUs(REST_S));
  return { gatewayHeadUs: (rest.gatewayUs - idleUs) / (perS * MANY_USERS) };
}

async function perEvent(audience: Audience, idleUs: number, run: () => Promise<number>): Promise<number> {
  let seconds = 0;
  const spent = await audience.spentBy(async () => {
    seconds = await run();
  });
  return (spent.gatewayUs - idleUs * seconds) / EVENTS;
}

function withPings<T>(everyMs: number, body: (audience: Audience) => Promise<T>): Promise<T> {
  return withAudience({ ...QUIET, DOORSTEP_PING_INTERVAL_MS: String(everyMs) }, body);
}

/** Runs something with a master and an audience of its own, which end with it. */
async function withAudience<T>(
  env: Readonly<Record<string, string>>,
  body: (audience: Audience) => Promise<T>,
): Promise<T> {
  const cleanUp = createCleanUp();
  try {
    return await body(await Audience.start(await startMaster(cleanUp), env, cleanUp));
  } finally {
    await cleanUp.run();
  }
}
