/**
 * The benchmark: every repetition of every workload on every target, one after the other.
 *
 * Repetitions are interleaved: all targets have their turn before the next one begins, in an order that turns with it, so
 * that what the machine does meanwhile hits all alike. A run that fails is told in its result and the others go on.
 */
import { createCleanUp } from "@doorstep/testkit";

import { withDeadline } from "./deadline.ts";
import type { BenchOptions } from "./option.ts";
import type { RunResult, Series } from "./result.ts";
import { Stage } from "./stage.ts";
import type { Target } from "./target.ts";
import { TimeLeft } from "./time-left.ts";
import type { Workload, WorkloadContext } from "./workload.ts";

export interface Run {
  readonly workload: Workload;
  readonly target: Target;
  readonly repetition: number;
}

/** A run is ended by force after so many times its usual length, and some more for slow machines. */
const MOST_TIMES = 4;
const SPARE_S = 120;

/** All runs in their order; those that a workload skips are left out. */
export function planRuns({ workloads, targets, areTargetsNamed, repetitions }: BenchOptions): Run[] {
  const runs: Run[] = [];
  for (const workload of workloads) {
    const able = targets.filter(
      (target) => workload.skips?.(target) === undefined && (areTargetsNamed || (workload.takesPart?.(target) ?? true)),
    );
    for (let repetition = 0; repetition < countRepetitions(workload, repetitions); repetition++) {
      for (let i = 0; i < able.length; i++) {
        const target = able[(i + repetition) % able.length];
        if (target !== undefined) runs.push({ workload, target, repetition });
      }
    }
  }
  return runs;
}

/** Runs everything; `log` gets a line for each step. */
export async function runBench(options: BenchOptions, log: (line: string) => void): Promise<RunResult[]> {
  const runs = planRuns(options);
  const timeLeft = new TimeLeft(runs, options.scale);
  const results: RunResult[] = [];
  for (const [index, run] of runs.entries()) {
    const { workload, target, repetition } = run;
    const what = `${workload.name} · ${target.name} · repetition ${repetition + 1} of ${countRepetitions(workload, options.repetitions)}`;
    log(`[${index + 1}/${runs.length}] ${what} · about ${timeLeft.tell(index)} left`);
    const beganAtMs = performance.now();
    results.push(await runOne(run, options, (line) => log(`    ${line}`)));
    timeLeft.took(run, (performance.now() - beganAtMs) / 1_000);
  }
  return results;
}

/** Runs a workload once and ends everything that it started. */
export async function runOne(
  run: Run,
  { scale, soakSeconds }: Pick<BenchOptions, "scale" | "soakSeconds">,
  log: (line: string) => void,
): Promise<RunResult> {
  const { workload, target, repetition } = run;
  const about = { workload: workload.name, target: target.name, repetition };
  const series: Series[] = [];
  const cleanUp = createCleanUp();
  const context: WorkloadContext = {
    target,
    repetition,
    cleanUp,
    log,
    plot: (one) => void series.push(one),
    count: (full) => Math.max(1, Math.round(full * scale)),
    seconds: (full) => Math.max(0.5, full * scale),
    soakSeconds,
    stage: (servers) => Stage.start({ target, servers, cleanUp }),
    async withStage(servers, body) {
      const own = createCleanUp();
      // Where the run is given up, nobody comes back here.
      cleanUp.add(() => own.run());
      try {
        return await body(await Stage.start({ target, servers, cleanUp: own }));
      } finally {
        await own.run();
      }
    },
  };
  try {
    const figures = await withDeadline(workload.run(context), limitS(workload, soakSeconds));
    return { ...about, figures, series };
  } catch (error) {
    log(`failed: ${String(error)}`);
    return { ...about, figures: [], series, error: String(error) };
  } finally {
    await cleanUp.run();
  }
}

function countRepetitions({ isSoak }: Workload, repetitions: number): number {
  return isSoak === true ? 1 : repetitions;
}

/** How long a run may take: what hangs must not keep all that comes behind it. */
function limitS({ isSoak, seconds }: Workload, soakSeconds: number): number {
  return SPARE_S + (isSoak === true ? soakSeconds : MOST_TIMES * seconds);
}
