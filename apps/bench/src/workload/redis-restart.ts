/**
 * redis-server is killed under load and comes back with its append-only file; publishers retry as their libraries do.
 *
 * Doorstep promises the order of two events of one user where the second was published after the first was answered. So it is
 * measured twice: with events published at their time, as in all workloads, and each after the answer to the one before it.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Figure, Limit } from "@doorstep/testkit";

import type { LateArrival } from "../client/arrivals.ts";
import { nowUs } from "../clock.ts";
import { named } from "../figure-set.ts";
import type { Stage } from "../stage.ts";
import type { Workload, WorkloadContext } from "../workload.ts";
import { measureFault } from "./fault.ts";

const SERVERS = 2;
/** How long it is away before it is started again. */
const AWAY_S = 1;
const MAX: Limit = { kind: "at most", value: 1_100 };
const MS_PER_S = 1_000;
const US_PER_MS = 1_000;

export const redisRestart: Workload = {
  name: "redis-restart",
  title: "redis-server is killed (-9) and restarted after a second, under load: 1,000 users, 1,000 events/s",
  seconds: 60,
  async run(context) {
    const figures = await measure(context, false);
    context.log("the same, each event after the answer to the one before it of its user");
    const inTurn = await measure(context, true);
    return [...figures, ...named(inTurn, "in turn")];
  },
};

async function measure(context: WorkloadContext, isInTurn: boolean): Promise<Figure[]> {
  let backUs = Number.NaN;
  let awayMs = Number.NaN;
  const fault = async (stage: Stage): Promise<void> => {
    const beganUs = nowUs();
    await stage.redis.kill();
    await delay(context.seconds(AWAY_S) * MS_PER_S);
    await stage.redis.restart();
    backUs = nowUs();
    awayMs = (backUs - beganUs) / US_PER_MS;
  };
  const { figures, report } = await measureFault(context, { servers: SERVERS, fault, isInTurn });
  const slowestMs = slowestAfterMs(report.late, backUs);
  const slowest: Figure = { name: "slowest event, from when Redis is back", value: slowestMs, unit: "ms" };
  return [
    { ...slowest, ...(context.target.keeps === "days" ? { limit: MAX } : {}) },
    ...figures,
    { name: "Redis was away", value: awayMs, unit: "ms" },
  ];
}

/** The longest wait of an event after Redis was back, in milliseconds: from then, or from when it was due where that is later. */
export function slowestAfterMs(late: readonly LateArrival[], backUs: number): number {
  const waits = late.map(([dueUs, atUs]) => atUs - Math.max(dueUs, backUs));
  return waits.reduce((longest, waitUs) => Math.max(longest, waitUs), 0) / US_PER_MS;
}
