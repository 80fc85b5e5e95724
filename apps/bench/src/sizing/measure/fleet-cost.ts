/**
 * What Redis spends on the processes of a hub when nothing else happens: on gateways, on couriers, and on being one of a
 * Cluster. Each is little, so several are started and what comes of it is divided.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type CleanUp, createHubProcesses, type RedisServer } from "@doorstep/testkit";

import type { Constants } from "../constants.ts";
import { startMaster, startMasters } from "../masters.ts";
import { startCrowd } from "./audience.ts";
import { besideNeighbours } from "./neighbours.ts";
import { DEFAULTS } from "./settings.ts";
import { cpuUsOf, spentBy } from "./spent.ts";

const MASTERS = 3;
const GATEWAYS = 6;
const MORE_COURIERS = 3;
const REST_S = 6;
/** A census comes every 15 s: one of each courier's is in it. */
const COURIER_REST_S = 15;
const MS_PER_S = 1_000;

export function measureFleet(cleanUp: CleanUp): Promise<Partial<Constants>> {
  return besideNeighbours(() => measureProcesses(cleanUp));
}

async function measureProcesses(cleanUp: CleanUp): Promise<Partial<Constants>> {
  const { url, redis } = await startMaster(cleanUp);
  const { nodes } = await startMasters(MASTERS, cleanUp);
  const [aloneUs = Number.NaN, ...mastersUs] = await restUs([redis, ...nodes], REST_S);
  const processes = createHubProcesses({ redisUrl: url, cleanUp, env: DEFAULTS });
  const gateways = await Promise.all(Array.from({ length: GATEWAYS }, () => processes.startGateway()));
  // One without users has a slower heartbeat.
  const crowd = await startCrowd(gateways, cleanUp);
  await crowd.call("connect", { from: 0, users: GATEWAYS });
  const [withGatewaysUs = Number.NaN] = await restUs([redis], REST_S);
  await Promise.all(gateways.map(({ program }) => program.stop()));
  const courier = await processes.startCourier();
  const before = await cpuUsOf(courier.program.pid);
  const [withOneUs = Number.NaN] = await restUs([redis], COURIER_REST_S);
  const courierIdleUs = ((await cpuUsOf(courier.program.pid)) - before) / COURIER_REST_S;
  await Promise.all(Array.from({ length: MORE_COURIERS }, () => processes.startCourier()));
  const [withMoreUs = Number.NaN] = await restUs([redis], COURIER_REST_S);
  return {
    redisIdleUs: aloneUs,
    redisClusterUs: mastersUs.reduce((sum, us) => sum + us, 0) / MASTERS - aloneUs,
    redisGatewayUs: (withGatewaysUs - aloneUs) / GATEWAYS,
    redisSweepUs: withOneUs - aloneUs,
    redisCourierUs: (withMoreUs - withOneUs) / MORE_COURIERS,
    courierIdleUs,
  };
}

/** CPU of each Redis a second while nothing but time goes by, once what was started has come to rest. */
async function restUs(all: readonly RedisServer[], seconds: number): Promise<number[]> {
  await delay(MS_PER_S);
  const rest = delay(seconds * MS_PER_S);
  const spent = await Promise.all(all.map((redis) => spentBy(redis, () => rest)));
  return spent.map(({ cpuUs }) => cpuUs / seconds);
}
