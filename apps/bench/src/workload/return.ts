/**
 * Users who are away come back, all in the same moment: how long from then until the last event that waited for them came.
 *
 * They were connected before and present what they have. Doorstep is asked by its default settings, with a courier: the log
 * keeps 1,000 events of a user, what is beyond is in parcels alone, and everything is in parcels when they come back. A
 * target that keeps nothing has no time to tell; what it lost is the figure.
 */
import { type Figure, type Limit, readMemory } from "@doorstep/testkit";

import { nowUs } from "../clock.ts";
import { ledgerFigures } from "../figure-set.ts";
import type { Measurement, Stage } from "../stage.ts";
import { type Usage, watchUsage } from "../usage.ts";
import { extraFigures } from "./extra-figure.ts";

export interface Return {
  readonly users: number;
  readonly eventsEach: number;
  /** How fast everything is published, to all together. */
  readonly eventsPerS: number;
}

/** The usage is that of the return alone, until everything is there. */
export interface ReturnReport extends Measurement {
  /** When they began to come back, by the shared clock. */
  readonly beganUs: number;
  /** Until the last of them was connected, and served as far as the target tells. */
  readonly readyS: number;
  /** Most memory that one server had until then. */
  readonly peakMb: number;
}

const US_PER_MS = 1_000;
const MS_PER_S = 1_000;
const REHEARSAL_PER_S = 5_000;
const REHEARSAL_EACH = 2;

/** Lets users leave, publishes, and lets all come back at once; they have to be connected. */
export async function measureReturn(stage: Stage, { users, eventsEach, eventsPerS }: Return): Promise<ReturnReport> {
  await stage.clients.call("drop", 0, users);
  let beganUs = Number.NaN;
  let readyS = Number.NaN;
  let endUsage: (() => Promise<Usage>) | undefined;
  const measurement = await stage.measure(async () => {
    const events = users * eventsEach;
    const load = await stage.publisher.call("runOpen", { from: 0, users, eventsPerS, events });
    await stage.deployment.untilHeld?.();
    endUsage = await watchUsage(stage.roles, stage.redis.port);
    beganUs = nowUs();
    readyS = await stage.connect({ from: 0, users, atOnce: users });
    return load;
  });
  const usage = (await endUsage?.()) ?? measurement.usage;
  const memory = await Promise.all(stage.deployment.servers.map(({ pid }) => readMemory(pid)));
  return { ...measurement, usage, beganUs, readyS, peakMb: Math.max(...memory.map(({ peakMb }) => peakMb)) };
}

/** What came of it; `limit` is of the time until the last event, in milliseconds. */
export function returnFigures(report: ReturnReport, isPromised: boolean, limit: Limit): Figure[] {
  const { tally, load, beganUs, readyS } = report;
  const lastMs = (tally.lastUs - beganUs) / US_PER_MS;
  const last: Figure = { name: "until the last event", value: lastMs, unit: "ms", ...(isPromised ? { limit } : {}) };
  return [
    // Without any event there is no last one.
    ...(tally.lastUs < beganUs ? [] : [last]),
    { name: "until the last user is connected", value: readyS * MS_PER_S, unit: "ms" },
    { name: "publish answered", value: (load.published - load.failed) / load.seconds, unit: "events/s" },
    ...ledgerFigures(report, isPromised),
    ...Object.entries(report.usage.cpuS).map(([role, cpuS]) => ({
      name: `${role} CPU while they return`,
      value: cpuS * MS_PER_S,
      unit: "ms",
    })),
    ...extraFigures(report),
  ];
}

/**
 * Lets everybody leave and come back with little, so that no code runs for the first time when it counts; and once more, which
 * presents, and so acknowledges, all they have: a mailbox takes no more than it says.
 */
export async function rehearseReturn(stage: Stage, users: number): Promise<void> {
  await stage.clients.call("drop", 0, users);
  await stage.clients.call("reset");
  const events = users * REHEARSAL_EACH;
  await stage.publisher.call("runOpen", { from: 0, users, eventsPerS: REHEARSAL_PER_S, events });
  await stage.connect({ from: 0, users, atOnce: users });
  await stage.settle(events);
  await stage.connect({ from: 0, users });
}
