/**
 * Couriers side by side: how soon a backlog is in parcels with one courier and with two, who did what of it, and whether
 * any event came into two parcels.
 *
 * Everything is published within the grace period, so that all couriers are there when the whole backlog becomes due at once.
 * On a machine whose cores are all at work with one courier, a second one shares the work and cannot make it faster: so the
 * shares are judged.
 */
import { setTimeout as delay } from "node:timers/promises";
import { queuePrefix } from "@doorstep/store";
import { type CourierProcess, type Figure, type Limit, NEVER, redisCall, watchCpu } from "@doorstep/testkit";

import { readMetric } from "../metric.ts";
import { type Away, eventsOf } from "./away.ts";
import { untilHeld } from "./backlog.ts";
import { GRACE_MS, LOG_DEFAULT, type OfflineHub, withHub } from "./hub.ts";
import { publish } from "./publish.ts";

/** What the idler of two does at least. */
const LEAST_SHARE: Limit = { kind: "at least", value: 0.3 };
/** How much faster than elsewhere the backlog is published. */
const HASTE = 3;
const DELAYED_JOBS = `${queuePrefix("mb0")}:mailbox:delayed`;

/** Measures with one courier and with two; `turn` turns their order. */
export async function measureCouriers(away: Away, turn: number): Promise<Figure[]> {
  const counts = turn % 2 === 0 ? [1, 2] : [2, 1];
  const figures = new Map<number, Figure[]>();
  for (const count of counts) figures.set(count, await withHub(LOG_DEFAULT, (hub) => holdBacklog(hub, away, count)));
  return [1, 2].flatMap((count) => figures.get(count) ?? []);
}

async function holdBacklog(hub: OfflineHub, away: Away, count: number): Promise<Figure[]> {
  const what = count === 1 ? "one courier" : `${count} couriers`;
  const dueAtMs = performance.now() + GRACE_MS;
  await publish(hub, { ...away, eventsPerS: away.eventsPerS * HASTE });
  const couriers: CourierProcess[] = [];
  for (let i = 0; i < count; i++) couriers.push(await hub.startCourier());
  const leftMs = dueAtMs - performance.now();
  if (leftMs <= 0) throw new Error("the backlog was due before the couriers ran: publishing took too long");
  await delay(leftMs);
  const readCpu = await watchCpu({ Redis: hub.redis.pid });
  await untilHeld(hub.store, away);
  const seconds = (performance.now() - dueAtMs) / 1_000;
  const cpu = await readCpu();
  const stored = await Promise.all(
    couriers.map(({ adminUrl }) => readMetric(adminUrl, "doorstep_parcels_stored_total")),
  );
  const all = stored.reduce((sum, parcels) => sum + parcels, 0);
  const shares: Figure[] =
    count === 1
      ? []
      : [{ name: `${what}: share of the idler one`, value: Math.min(...stored) / all, unit: "", limit: LEAST_SHARE }];
  return [
    { name: `${what}: until all is held`, value: seconds, unit: "s" },
    { name: `${what}: events held`, value: eventsOf(away) / seconds, unit: "events/s" },
    { name: `${what}: Redis`, value: cpu.get("Redis") ?? Number.NaN, unit: "cores" },
    ...shares,
    { name: `${what}: events missing or in two parcels`, value: await countFaults(hub, away), unit: "", limit: NEVER },
    { name: `${what}: jobs that no list names`, value: (await countJobs(hub)) - all, unit: "", limit: NEVER },
  ];
}

/** Compares what the parcels of each user hold, by their lists, with what was published. */
async function countFaults({ store }: OfflineHub, { prefix, users, eventsEach }: Away): Promise<number> {
  let faults = 0;
  for (let index = 0; index < users; index++) {
    const entries = await store.custody.entries(store.log.keysOf(`${prefix}${index}`), eventsEach);
    const held = entries.reduce((sum, entry) => sum + entry.count, 0);
    faults += Math.abs(held - eventsEach);
  }
  return faults;
}

async function countJobs({ redis }: OfflineHub): Promise<number> {
  return Number(await redisCall(redis.port, "ZCARD", DELAYED_JOBS));
}
