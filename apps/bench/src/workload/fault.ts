/**
 * A load with a fault in the middle of it: what is lost, twice, out of order, late, or there only after a reconnect.
 *
 * Once nothing comes any more, everybody connects anew: what comes only then, though its user had been connected long after
 * it was due, was stranded. Late ones have until a gateway compares what it sent with the logs, every five seconds.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Figure } from "@doorstep/testkit";

import { ledgerFigures } from "../figure-set.ts";
import { Histogram } from "../histogram.ts";
import type { ConnectOrders } from "../client/crowd.ts";
import type { LoadReport } from "../publisher/press.ts";
import type { Measurement, Stage } from "../stage.ts";
import type { WorkloadContext } from "../workload.ts";
import { extraFigures } from "./extra-figure.ts";

export interface FaultPlan {
  readonly servers: number;
  /** Done after the first quarter of the load, which lasts so many seconds and goes on meanwhile. */
  readonly fault: (stage: Stage, load: { readonly users: number; readonly lastsS: number }) => Promise<void>;
  /** Whether each event waits for the answer to the one before it of the same user. @default false */
  readonly isInTurn?: boolean;
  /** Where everybody connects in the end. @default spread over all servers */
  readonly last?: Pick<ConnectOrders, "server">;
}

export interface FaultReport extends Measurement {
  /** Of events that were due before the load was over. */
  readonly late: readonly (readonly [dueUs: number, atUs: number])[];
}

const USERS = 1_000;
const EVENTS_PER_S = 1_000;
const WARM_UP_S = 3;
/** The part of the load before the fault. */
const BEFORE = 1 / 4;
const SECONDS = 12;
const LATE_OVER_US = 50_000;
/** More than the time between two comparisons of heads. */
const SILENCE_MS = 7_000;
const MS_PER_S = 1_000;
const US_PER_MS = 1_000;

/** Runs it; answers the figures that all faults have, and from what they come. */
export async function measureFault(
  context: WorkloadContext,
  plan: FaultPlan,
): Promise<{ figures: Figure[]; report: FaultReport }> {
  const { target, withStage } = context;
  return withStage(plan.servers, async (stage) => {
    const measurement = await measureOn(stage, context, plan);
    const excused = await countExcused(stage, measurement);
    const report = { ...measurement, late: await stage.clients.call("late") };
    return { figures: faultFigures(report, excused, target.keeps === "days"), report };
  });
}

async function measureOn(
  stage: Stage,
  { target, count, seconds }: WorkloadContext,
  { fault, last, isInTurn = false }: FaultPlan,
): Promise<Measurement> {
  const users = count(USERS);
  const lastsS = seconds(SECONDS);
  const load = (s: number): Promise<LoadReport> => {
    const events = Math.ceil(EVENTS_PER_S * s);
    return stage.publisher.call("runOpen", { from: 0, users, eventsPerS: EVENTS_PER_S, events });
  };
  if (isInTurn) await stage.publisher.call("publishInTurn");
  await stage.connect({ from: 0, users });
  await stage.prime(users);
  await stage.measure(() => load(seconds(WARM_UP_S)));
  await stage.clients.call("watchLate", LATE_OVER_US);
  return stage.measure(async () => {
    const disturb = async (): Promise<void> => {
      await delay(lastsS * BEFORE * MS_PER_S);
      await fault(stage, { users, lastsS });
    };
    const [report] = await Promise.all([load(lastsS), disturb()]);
    await stage.settle(report.published - report.failed, target.keeps === "nothing" ? undefined : SILENCE_MS);
    await stage.connect({ from: 0, users, ...last });
    return report;
  });
}

/** Publishes that failed may have been accepted all the same: those that came are not missing. */
async function countExcused(stage: Stage, { load }: Measurement): Promise<number> {
  const failures = await stage.publisher.call("failures", load.failed);
  return stage.clients.call("countMissing", failures);
}

function faultFigures(report: FaultReport, excused: number, isPromised: boolean): Figure[] {
  const { load, tally } = report;
  const latency = Histogram.from(tally.latency);
  const holes = Histogram.from(tally.holes);
  const figure = (name: string, us: number): Figure => ({ name, value: us / US_PER_MS, unit: "ms" });
  return [
    ...ledgerFigures({ load: { ...load, failed: excused }, tally }, isPromised),
    figure("slowest event", latency.quantile(1)),
    figure("longest hole of a user, median", holes.quantile(0.5)),
    figure("longest hole of a user, worst", holes.quantile(1)),
    ...extraFigures(report),
  ];
}
