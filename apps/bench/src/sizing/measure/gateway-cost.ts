/**
 * What a gateway spends on events, connections, pings, acknowledgements and head checks, and what connections cost Redis.
 *
 * Each has a gateway of its own on which nothing else happens: pings and checks come so seldom that they do not count, or so
 * often that they do. What a gateway without clients spends is taken off.
 */
import { createCleanUp, readMemory, redisCall, type RedisServer, startRedis } from "@doorstep/testkit";

import type { Constants } from "../constants.ts";
import { type Lonely, wakeOf } from "../wake.ts";
import { Audience } from "./audience.ts";
import { QUIET, REDIS_ARGS } from "./settings.ts";
import { spentBy } from "./spent.ts";

const USERS = 1_000;
const MANY_USERS = 3_000;
const REST_S = 4;
const EVENTS = 5_000;
const OFTEN_PER_S = 500;
const OFTEN_S = 3;
const SELDOM_PER_S = 100;
const SELDOM_S = 5;
const WARM_UP_PER_S = 2_000;
const ACK_ROUNDS = 5;
const OFTEN_MS = 1_000;
const CHECK_MS = 500;
const BYTES_PER_MB = 1_024 ** 2;
const MS_PER_S = 1_000;

export async function measureGateway(): Promise<Partial<Constants>> {
  const quiet = await withAudience(QUIET, (audience) => measureQuiet(audience));
  const often = { ...QUIET, DOORSTEP_PING_INTERVAL_MS: String(OFTEN_MS) };
  const acks = await withAudience(often, (audience) => measurePings(audience, quiet.gatewayIdleUs));
  const checking = { ...QUIET, DOORSTEP_HEAD_CHECK_MS: String(CHECK_MS) };
  const checks = await withAudience(checking, (audience) => measureChecks(audience, quiet.gatewayIdleUs));
  return { ...quiet, ...acks, ...checks };
}

async function measureQuiet(audience: Audience) {
  const { crowd, redis } = audience;
  const pid = audience.gateway.program.pid;
  const idle = await audience.restUs(REST_S);
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
  const busyUs = await perEvent(audience, idle.gatewayUs, EVENTS, () => audience.publishInBursts(USERS, EVENTS));
  const { bytes, distinct } = await crowd.call("report");
  const besides = async (eventsPerS: number, seconds: number): Promise<Lonely> => {
    const events = eventsPerS * seconds;
    const us = await perEvent(audience, idle.gatewayUs, events, () => audience.publish(USERS, events, eventsPerS));
    return { besidesUs: us - busyUs, requestsPerS: eventsPerS };
  };
  const wake = wakeOf(await besides(OFTEN_PER_S, OFTEN_S), await besides(SELDOM_PER_S, SELDOM_S));
  await audience.addDevices(USERS);
  const twiceUs = await perEvent(audience, idle.gatewayUs, EVENTS, () => audience.publishInBursts(USERS, EVENTS));
  return {
    gatewayIdleUs: idle.gatewayUs,
    gatewayBaseBytes: baseMb * BYTES_PER_MB,
    gatewayConnectionBytes: ((manyMb - fewMb) * BYTES_PER_MB) / (MANY_USERS - USERS),
    gatewayConnectUs: connects.gatewayUs / USERS,
    gatewayEventUs: busyUs,
    gatewayWakeUs: wake.warmUs,
    gatewayColdUs: wake.coldUs,
    gatewayCopyUs: twiceUs - busyUs,
    redisConnectUs: connects.redisUs / USERS,
    redisConnectionBytes: memory.memoryBytes / (MANY_USERS - USERS),
    socketBytes: bytes / distinct,
  };
}

/** Events come all at once; then pongs follow, and each acknowledges unless one did before. */
async function measurePings(audience: Audience, idleUs: number): Promise<Partial<Constants>> {
  const { redis, crowd } = audience;
  const intervalS = OFTEN_MS / MS_PER_S;
  await crowd.call("connect", { from: 0, users: USERS });
  await audience.publishInBursts(USERS, USERS);
  await audience.restUs(2 * intervalS);
  const rest = await audience.restUs(REST_S);
  const restingUs = rest.gatewayUs * intervalS;
  let acksUs = 0;
  let acks = 0;
  for (let round = 0; round < ACK_ROUNDS; round++) {
    await audience.publishInBursts(USERS, USERS);
    const before = await scriptCalls(redis);
    const spent = await audience.restUs(intervalS);
    acks += (await scriptCalls(redis)) - before;
    acksUs += spent.gatewayUs * intervalS - restingUs;
  }
  return { gatewayPingUs: (restingUs - idleUs * intervalS) / USERS, gatewayAckUs: acksUs / acks };
}

/** How many scripts ran so far: of a gateway without head checks to which nothing happens, its acknowledgements alone. */
async function scriptCalls({ port }: RedisServer): Promise<number> {
  const info = String(await redisCall(port, "INFO", "commandstats"));
  return Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(info)?.[1]);
}

async function measureChecks(audience: Audience, idleUs: number): Promise<Partial<Constants>> {
  const perS = MS_PER_S / CHECK_MS;
  await audience.crowd.call("connect", { from: 0, users: MANY_USERS });
  const rest = await audience.restUs(REST_S);
  return { gatewayHeadUs: (rest.gatewayUs - idleUs) / (perS * MANY_USERS) };
}

async function perEvent(
  audience: Audience,
  idleUs: number,
  events: number,
  run: () => Promise<number>,
): Promise<number> {
  let seconds = 0;
  const spent = await audience.spentBy(async () => {
    seconds = await run();
  });
  return (spent.gatewayUs - idleUs * seconds) / events;
}

/** Runs something with a Redis and an audience of its own, which end with it. */
async function withAudience<T>(
  env: Readonly<Record<string, string>>,
  body: (audience: Audience) => Promise<T>,
): Promise<T> {
  const cleanUp = createCleanUp();
  try {
    const redis = await startRedis({ args: REDIS_ARGS });
    cleanUp.add(() => redis.stop());
    return await body(await Audience.start(redis, env, cleanUp));
  } finally {
    await cleanUp.run();
  }
}
