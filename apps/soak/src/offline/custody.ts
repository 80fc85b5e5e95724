/**
 * Custody beside live users: what it costs them that the events of others are taken into parcels, and whether that keeps up.
 *
 * Three phases, each with a fresh hub, in an order that turns with each repetition:
 *
 *   alone       live users and nothing else
 *   published   a publisher besides, for users who are away; no courier runs
 *   held        the same with a courier; what is measured goes on until everything is in parcels
 *
 * What custody costs is `held` against `published`; what the load costs as a whole, its publisher included, against `alone`.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type CourierProcess, type Figure, type Limit, NEVER, watchCpu } from "@doorstep/testkit";

import { readMetric } from "../metric.ts";
import { type Away, eventsOf } from "./away.ts";
import { untilHeld, watchBacklog } from "./backlog.ts";
import { GRACE_MS, LOG_DEFAULT, type OfflineHub, withHub } from "./hub.ts";
import { LiveLatency } from "./live-latency.ts";
import { publish } from "./publish.ts";

const PHASES = ["alone", "published", "held"] as const;
type Phase = (typeof PHASES)[number];

const BESIDE: Record<Phase, string> = {
  alone: "alone",
  published: "beside the publisher, no courier",
  held: "beside publisher and courier",
};
/** How much later a live event may come than without the courier. */
const MAX_RATIO = 1.5;
/** What "within seconds" and "bounded" are taken for. */
const MAX_OVERDUE_MS = 5_000;
/** A publisher that does not reach its rate measures something else. */
const LEAST_RATE = 0.98;

/** Runs the three phases; `turn` turns their order. */
export async function measureCustody(away: Away, turn: number): Promise<Figure[]> {
  const figures = new Map<Phase, Figure[]>();
  for (let i = 0; i < PHASES.length; i++) {
    const phase = PHASES[(i + turn) % PHASES.length] ?? "alone";
    figures.set(phase, await withHub(LOG_DEFAULT, (hub) => runPhase(hub, away, phase)));
  }
  const all = PHASES.flatMap((phase) => figures.get(phase) ?? []);
  const p99 = (phase: Phase): number => all.find(({ name }) => name === p99Name(phase))?.value ?? Number.NaN;
  const limit: Limit = { kind: "at most", value: MAX_RATIO };
  return [
    ...all,
    { name: "p99 with the courier to that without", value: p99("held") / p99("published"), unit: "", limit },
    { name: "p99 with publisher and courier to that alone", value: p99("held") / p99("alone"), unit: "" },
  ];
}

async function runPhase(hub: OfflineHub, away: Away, phase: Phase): Promise<Figure[]> {
  const courier = phase === "held" ? await hub.startCourier() : undefined;
  const live = await LiveLatency.start(hub);
  const backlog = watchBacklog(hub.store, away);
  const pids = { Redis: hub.redis.pid, gateway: hub.gateway.program.pid };
  const readCpu = await watchCpu(courier === undefined ? pids : { ...pids, courier: courier.program.pid });
  const fromMs = Date.now();
  const rate = phase === "alone" ? await idle(away) : await publish(hub, away);
  const toMs = Date.now();
  if (courier !== undefined) await untilHeld(hub.store, away);
  const emptyAtMs = Date.now();
  const cpu = await readCpu();
  const peak = await backlog.stop();
  await live.settle();
  const { p50Ms, p99Ms } = live.during({ fromMs, toMs: emptyAtMs });
  const figures: Figure[] = [
    { name: `live p50 ${BESIDE[phase]}`, value: p50Ms, unit: "ms" },
    { name: p99Name(phase), value: p99Ms, unit: "ms" },
    ...[...cpu].map(([name, share]) => ({ name: `${name} ${BESIDE[phase]}`, value: share * 100, unit: "% of a core" })),
  ];
  if (phase !== "alone") figures.push(rateFigure(`publisher, ${phase}`, rate, away));
  if (courier === undefined) return figures;
  const then = live.during({ fromMs: toMs, toMs: emptyAtMs });
  const overdue: Limit = { kind: "at most", value: MAX_OVERDUE_MS };
  const held: Limit = { kind: "at most", value: GRACE_MS + MAX_OVERDUE_MS };
  return [
    ...figures,
    { name: "live p99 from the last publish until all is held", value: then.p99Ms, unit: "ms" },
    { name: "users overdue at once, at most", value: peak.overdueUsers, unit: "" },
    { name: "longest wait beyond the grace period", value: peak.overdueMs, unit: "ms", limit: overdue },
    { name: "from the last publish until all is held", value: emptyAtMs - toMs, unit: "ms", limit: held },
    { name: "events not in parcels then", value: eventsOf(away) - (await heldBy(courier)), unit: "", limit: NEVER },
  ];
}

async function idle(away: Away): Promise<number> {
  await delay((eventsOf(away) / away.eventsPerS) * 1_000);
  return 0;
}

/** Events of those who are away only: live users' wait longer before they are held. */
function heldBy({ adminUrl }: CourierProcess): Promise<number> {
  return readMetric(adminUrl, "doorstep_events_held_total");
}

function rateFigure(name: string, value: number, { eventsPerS }: Away): Figure {
  return { name, value, unit: "events/s", limit: { kind: "at least", value: eventsPerS * LEAST_RATE } };
}

function p99Name(phase: Phase): string {
  return `live p99 ${BESIDE[phase]}`;
}
