/**
 * One run: a hub, a load, one class of faults by one seed, then peace, a final read, and the checker's verdict.
 *
 * Warm up -> load and faults -> the last heal -> nobody publishes any more and everybody connects -> every device at the
 * end of its user's log, or the deadline -> final read of logs, parcels and dead letters -> check.
 */
import { setTimeout as delay } from "node:timers/promises";
import {
  check,
  type CheckOptions,
  createCleanUp,
  eventually,
  formatVerdict,
  isClean,
  type Operation,
  type Verdict,
} from "@doorstep/testkit";

import type { Fault } from "./fault.ts";
import { type Figures, measure } from "./figure.ts";
import { readFinalState } from "./final-read.ts";
import { History } from "./history.ts";
import { startHub } from "./hub.ts";
import { createRandom } from "./random.ts";
import { sampleKeys, startSampling } from "./sampler.ts";
import { runSchedule } from "./schedule.ts";
import { Workload } from "./workload.ts";

/** What to run. */
export interface RunOptions {
  readonly fault: Fault;
  readonly seed: number;
  /** How long the load and the faults last, in seconds; a fault in progress is always mended first. */
  readonly seconds: number;
  /** Users with two devices. @default 12 */
  readonly users?: number;
  /** Users without a device until the end. @default 6 */
  readonly away?: number;
  /** Mean pause of a publisher between two publishes to one user, in milliseconds. @default 120 */
  readonly paceMs?: number;
}

/** What came of it. */
export interface RunResult {
  readonly fault: Fault;
  readonly seed: number;
  readonly isClean: boolean;
  readonly verdict: Verdict;
  /** What broke that no history tells. */
  readonly problems: readonly string[];
  /** How often the fault struck. */
  readonly times: number;
  readonly figures: Figures;
  readonly history: readonly Operation[];
}

/** How long devices may take to reach the end of their logs. */
const QUIESCENCE_MS = 20_000;
/** Two pings, and the time for which gateways gather acknowledgements: until then what was written is acknowledged. */
const LAST_ACKS_MS = 2_000;
const CATCH_UP_MS = 10_000;
const MEGABYTE = 1024 * 1024;
const BOUNDS = { rssFactor: 3, rssCapBytes: 512 * MEGABYTE, redisKeysFactor: 3 };

/** Runs a fault once and judges the hub. Throws where the harness itself fails. */
export async function runSeed(options: RunOptions): Promise<RunResult> {
  const { fault, seed, seconds, users = 12, away = 6, paceMs = 120 } = options;
  const { topology = "standalone", needsProxies: hasProxies = false, logMaxEvents = 1_000, expiring = false } = fault;
  const random = createRandom(seed);
  const history = new History();
  const cleanUp = createCleanUp();
  try {
    const envOf = (program: string): Record<string, string> => ({ ...fault.env, ...fault.ownEnv?.(program) });
    const hub = await startHub({ topology, hasProxies, logMaxEvents, envOf, history, cleanUp });
    const stopSampling = startSampling(hub, history);
    cleanUp.add(stopSampling);
    const workload = new Workload({ hub, history, random, cleanUp, users, away, paceMs, expiring });
    await workload.start();
    await delay(500);
    await sampleKeys(hub.redis, history);
    const times = await runSchedule(fault, { hub, workload, history, cleanUp }, random.fork(), seconds * 1_000);
    await workload.settle();
    await untilQuiet(workload, history);
    await delay(LAST_ACKS_MS);
    stopSampling();
    await sampleKeys(hub.redis, history);
    await readFinalState(hub.store, workload.everybody, history);
    return judge(fault, seed, times, history);
  } finally {
    await cleanUp.run();
  }
}

/** What is late is the checker's to judge; here it is put in words. */
async function untilQuiet(workload: Workload, history: History): Promise<void> {
  let late: string[] = [];
  const isQuiet = async (): Promise<boolean> => {
    late = await workload.laggards();
    return late.length === 0;
  };
  await eventually(isQuiet, { timeoutMs: QUIESCENCE_MS, intervalMs: 100 }).catch((error: unknown) =>
    history.complain(`not quiet after ${QUIESCENCE_MS} ms: ${late.slice(0, 5).join("; ") || String(error)}`),
  );
}

function judge(fault: Fault, seed: number, times: number, history: History): RunResult {
  const { operations, problems } = history;
  const lack = fault.lacks?.(operations);
  if (lack !== undefined) history.complain(lack);
  const declared: CheckOptions = fault.lossy === undefined ? {} : { declaredLosses: ["failover"] };
  const bounds = fault.rssCapBytes === undefined ? BOUNDS : { ...BOUNDS, rssCapBytes: fault.rssCapBytes };
  const verdict = check(operations, { ...declared, catchUpMs: CATCH_UP_MS, bounds });
  return {
    fault,
    seed,
    isClean: isClean(verdict) && problems.length === 0,
    verdict,
    problems: [...problems],
    times,
    figures: measure(operations),
    history: operations,
  };
}

/** Puts a result in words: one line where all is well, else everything that is known. */
export function describeResult(result: Omit<RunResult, "history">): string {
  const { fault, seed, isClean, verdict, problems, times, figures } = result;
  const { events, deliveries, gaps, recoveryMs, worstLagMs } = figures;
  const line = [
    `${fault.name} seed ${seed}: ${isClean ? "clean" : "NOT CLEAN"}`,
    `${times} times, ${events} events, ${deliveries} deliveries, ${gaps} gaps`,
    `recovery ${recoveryMs} ms, worst lag ${worstLagMs} ms`,
  ].join(", ");
  return isClean ? line : [line, formatVerdict(verdict), ...problems].join("\n");
}
