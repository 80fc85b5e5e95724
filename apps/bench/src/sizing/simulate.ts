/**
 * Simulation: the same load on one, two and three masters of a Redis Cluster, and what the model says of it.
 *
 * Compared are the CPU of all masters per event, which is what sizes rest on, how evenly they share it, the bytes that they
 * write, and the CPU of the gateways.
 */
import { setTimeout as delay } from "node:timers/promises";
import { createCleanUp, createHubProcesses } from "@doorstep/testkit";

import type { Crowd } from "../client/crowd.ts";
import type { Press } from "../publisher/press.ts";
import { type Remote, startRemote } from "../remote.ts";
import { skewOf } from "./balance.ts";
import type { Constants } from "./constants.ts";
import { ASSUMED, type Load } from "./load.ts";
import { type Masters, startMasters } from "./masters.ts";
import { DEFAULTS } from "./measure/settings.ts";
import { cpuUsOf, type Spent, spentBy } from "./measure/spent.ts";
import { demandOf, type Fleet, usedCores } from "./model.ts";
import type { Comparison } from "./verdict.ts";

/** How many masters there are in turn. */
export const MASTER_COUNTS = [1, 2, 3];
const USERS = 600;
const GATEWAYS = 2;
const EVENTS_PER_S = 600;
/** Until V8's compilers are done: constants are measured behind them too. */
const WARM_UP_S = 12;
/** A ping interval, so that each connection acknowledges as often as it does in a day. */
const SECONDS = ASSUMED.pingIntervalS;
const SETTLE_MS = 500;
const US_PER_S = 1e6;
const S_PER_DAY = 86_400;

/** The load as the model takes it: everybody is online with one device, nobody connects anew. */
export const SIMULATED: Load = {
  ...ASSUMED,
  users: USERS,
  onlineShare: 1,
  devices: 1,
  eventsPerUserDay: (EVENTS_PER_S / USERS) * S_PER_DAY,
  peakFactor: 1,
  awayShare: 0,
  ownIdShare: 0,
  connectsPerHour: 0,
};

/** What was measured of one run. */
export interface Observed {
  readonly events: number;
  readonly masters: readonly Spent[];
  readonly gatewayUs: number;
}

/** Runs the load on so many masters. */
export async function simulate(masters: number): Promise<Observed> {
  const cleanUp = createCleanUp();
  try {
    const cluster = await startMasters(masters, cleanUp);
    const processes = createHubProcesses({ redisUrl: cluster.url, cleanUp, env: DEFAULTS });
    const gateways = await Promise.all(Array.from({ length: GATEWAYS }, () => processes.startGateway()));
    await processes.startCourier();
    const press = await startRemote<Press>("publisher/main.js", cleanUp);
    await press.call("open", "doorstep", cluster.url);
    const crowd = await startRemote<Crowd>("client/main.js", cleanUp);
    await crowd.call("open", "doorstep");
    await crowd.call(
      "setServers",
      gateways.map(({ url }) => url),
    );
    await crowd.call("connect", { from: 0, users: USERS });
    await run(press, crowd, WARM_UP_S);
    const pids = gateways.map(({ program }) => program.pid);
    return await observe(cluster, pids, () => run(press, crowd, SECONDS));
  } finally {
    await cleanUp.run();
  }
}

/** Publishes for so long, and answers how many events came. */
async function run(press: Remote<Press>, crowd: Remote<Crowd>, seconds: number): Promise<number> {
  await crowd.call("reset");
  const events = EVENTS_PER_S * seconds;
  await press.call("runOpen", { from: 0, users: USERS, eventsPerS: EVENTS_PER_S, events });
  await delay(SETTLE_MS);
  return (await crowd.call("look")).distinct;
}

async function observe(
  { nodes }: Masters,
  gateways: readonly number[],
  body: () => Promise<number>,
): Promise<Observed> {
  const read = async (): Promise<number> => {
    const each = await Promise.all(gateways.map((pid) => cpuUsOf(pid)));
    return each.reduce((sum, us) => sum + us, 0);
  };
  const before = await read();
  let running: Promise<number> | undefined;
  const once = (): Promise<number> => (running ??= body());
  const masters = await Promise.all(nodes.map((node) => spentBy(node, once)));
  return { events: await once(), masters, gatewayUs: (await read()) - before };
}

/** What the model says of a run, beside what it showed. */
export function compare(constants: Constants, { events, masters, gatewayUs }: Observed): Comparison[] {
  const count = masters.length;
  const fleet: Fleet = { gateways: GATEWAYS, masters: count, couriers: 1 };
  const { redis, gateway, network } = demandOf(constants, SIMULATED, fleet);
  const perEvent = (cores: number): number => (cores * US_PER_S) / EVENTS_PER_S;
  const total = (of: (spent: Spent) => number): number => masters.reduce((sum, spent) => sum + of(spent), 0);
  const redisUs = total(({ cpuUs }) => cpuUs);
  return [
    {
      masters: count,
      what: "Redis CPU per event",
      unit: "us",
      measured: redisUs / events,
      predicted: perEvent(usedCores(redis, count)),
    },
    {
      masters: count,
      what: "CPU of the busiest master to the mean",
      unit: "",
      measured: (Math.max(...masters.map(({ cpuUs }) => cpuUs)) * count) / redisUs,
      predicted: skewOf(count, SIMULATED.partitions),
    },
    {
      masters: count,
      what: "append-only files per event",
      unit: "bytes",
      measured: total(({ fileBytes }) => fileBytes) / events,
      predicted: (network["append-only files"] ?? Number.NaN) / EVENTS_PER_S,
    },
    {
      masters: count,
      what: "gateway CPU per event",
      unit: "us",
      measured: gatewayUs / events,
      predicted: perEvent(usedCores(gateway, GATEWAYS)),
    },
  ];
}
