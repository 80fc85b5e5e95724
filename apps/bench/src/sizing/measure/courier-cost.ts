/** What couriers spend, and cost Redis, on events that they hold and on users who turn out to be online. */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { encodeEvent } from "@doorstep/protocol";
import { connectStore, type Store } from "@doorstep/store";
import { type CleanUp, type CourierProcess, createHubProcesses, eventually, type RedisServer } from "@doorstep/testkit";

import { createBody } from "../../body.ts";
import { nowUs } from "../../clock.ts";
import { userIdOf } from "../../user.ts";
import type { Constants } from "../constants.ts";
import { startMaster } from "../masters.ts";
import { Audience } from "./audience.ts";
import { besideNeighbours } from "./neighbours.ts";
import { DEFAULTS, QUIET } from "./settings.ts";
import { cpuUsOf, type Spent, spentBy } from "./spent.ts";

/** Long enough to publish everything before the first of it is due. */
const GRACE_MS = 4_000;
/** A census comes every 15 s: one of them is in it. */
const REST_S = 15;
const USERS = 500;
const EVENTS_EACH = 20;
const ONLINE = 1_000;
const WARM_USERS = 200;
const PATIENCE_MS = 60_000;
const MS_PER_S = 1_000;
const HELD = "doorstep_events_held_total";
const LIVE = 'doorstep_swept_users_total{outcome="live"}';

interface Bed {
  readonly redis: RedisServer;
  readonly store: Store;
  readonly courier: CourierProcess;
}

export function measureCourier(cleanUp: CleanUp): Promise<Partial<Constants>> {
  return besideNeighbours(() => measureSweeps(cleanUp));
}

async function measureSweeps(cleanUp: CleanUp): Promise<Partial<Constants>> {
  const master = await startMaster(cleanUp);
  const { url, redis } = master;
  const store = await connectStore({ redis: url });
  cleanUp.add(() => store.close());
  const audience = await Audience.start(master, QUIET, cleanUp);
  const env = { ...DEFAULTS, DOORSTEP_GRACE_MS: String(GRACE_MS) };
  const processes = createHubProcesses({ redisUrl: url, cleanUp, env });
  const courier = await processes.startCourier();
  const bed: Bed = { redis, store, courier };
  await delay(MS_PER_S);
  const before = await cpuUsOf(courier.program.pid);
  const { cpuUs } = await spentBy(redis, () => delay(REST_S * MS_PER_S));
  const restUs = { courierUs: ((await cpuUsOf(courier.program.pid)) - before) / REST_S, redisUs: cpuUs / REST_S };
  await hold(bed, "warm", WARM_USERS);
  const held = await hold(bed, "away", USERS);
  const looks = await look(bed, audience);
  const events = USERS * EVENTS_EACH;
  return {
    redisHeldBytes: held.memoryBytes / events,
    ...named("Held", perUnit(held, restUs, events)),
    ...named("Look", perUnit(looks, restUs, ONLINE)),
  };
}

interface CourierSpent extends Spent {
  readonly courierUs: number;
  readonly seconds: number;
}

/** Publishes to users who are away, and waits until all of it is in parcels. */
async function hold(bed: Bed, prefix: string, users: number): Promise<CourierSpent> {
  const held = (await readMetric(bed.courier, HELD)) + users * EVENTS_EACH;
  for (let n = 0; n < users; n++) await publish(bed.store, `${prefix}-${n}`, EVENTS_EACH);
  return untilMetric(bed, HELD, held);
}

/** Publishes to users who are online and never acknowledge, and waits until the courier has looked at each. */
async function look(bed: Bed, { crowd }: Audience): Promise<CourierSpent> {
  const seen = (await readMetric(bed.courier, LIVE)) + ONLINE;
  await crowd.call("connect", { from: 0, users: ONLINE });
  for (let n = 0; n < ONLINE; n++) await publish(bed.store, userIdOf(n), 1);
  return untilMetric(bed, LIVE, seen);
}

async function untilMetric({ redis, courier }: Bed, name: string, value: number): Promise<CourierSpent> {
  const beganMs = performance.now();
  const before = await cpuUsOf(courier.program.pid);
  const spent = await spentBy(redis, () =>
    eventually(async () => (await readMetric(courier, name)) >= value, {
      timeoutMs: PATIENCE_MS,
      intervalMs: 500,
      message: `${name} did not reach ${value}`,
    }),
  );
  const courierUs = (await cpuUsOf(courier.program.pid)) - before;
  return { ...spent, courierUs, seconds: (performance.now() - beganMs) / MS_PER_S };
}

interface UnitUs {
  readonly courierUs: number;
  readonly redisUs: number;
}

/** What one costs beside what is spent all the same. */
function perUnit({ cpuUs, courierUs, seconds }: CourierSpent, rest: UnitUs, count: number): UnitUs {
  return {
    courierUs: (courierUs - rest.courierUs * seconds) / count,
    redisUs: (cpuUs - rest.redisUs * seconds) / count,
  };
}

function named(what: "Held" | "Look", { courierUs, redisUs }: UnitUs): Partial<Constants> {
  return { [`courier${what}Us`]: courierUs, [`redis${what}Us`]: redisUs };
}

function publish(store: Store, userId: string, count: number): Promise<unknown> {
  const events = Array.from({ length: count }, (_, n) =>
    encodeEvent({ type: "note", source: "urn:bench", data: createBody(n, nowUs()) }, randomUUID, Date.now()),
  );
  return store.log.append(userId, events);
}

/** The value of a metric, its labels included in the name where it has some; 0 where it is not there. */
async function readMetric({ adminUrl }: CourierProcess, name: string): Promise<number> {
  const answer = await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(2_000) });
  const line = (await answer.text()).split("\n").find((text) => text.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(" ")));
}
