/**
 * A soak: rounds over the fault classes until the time is up, a line of progress per run, and in the end a report.
 *
 * Histories are written as JSON lines, one file a run; plots for the first run of a few classes. A run in which the harness
 * itself fails counts as not clean, and the soak goes on.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Operation } from "@doorstep/testkit";

import type { SoakOptions } from "./option.ts";
import { plotLag } from "./plot.ts";
import { type RunSummary, writeReport } from "./report.ts";
import { describeResult, runSeed } from "./run.ts";

/** Where a soak leaves what it found, and whom it tells. */
export interface SoakPlace {
  /** Folder of the report and its plots. */
  readonly docs: string;
  /** Folder of the histories. */
  readonly histories: string;
  /** The command of this soak, for its report. */
  readonly command: string;
  readonly print: (text: string) => void;
}

/** The classes that are plotted: one of each kind of recovery. */
const PLOTTED = new Set(["gateway-kill", "redis-pause", "blackhole", "cluster-failover", "sentinel-failover"]);

/** Soaks; resolves with whether every run was clean. */
export async function soak(options: SoakOptions, place: SoakPlace): Promise<boolean> {
  const { minutes, seconds, faults } = options;
  const { docs, histories, command, print } = place;
  const plotFolder = join(docs, "soak");
  await rm(plotFolder, { recursive: true, force: true });
  await mkdir(plotFolder, { recursive: true });
  await mkdir(histories, { recursive: true });
  const beganAtMs = performance.now();
  const minutesPassed = (): number => (performance.now() - beganAtMs) / 60_000;
  const runs: RunSummary[] = [];
  const plots = new Map<string, string>();
  let hasFailed = false;
  print(`first seed ${options.seed}`);
  for (let seed = options.seed; runs.length === 0 || minutesPassed() < minutes;) {
    for (const fault of faults) {
      try {
        const { history, ...summary } = await runSeed({ fault, seed, seconds });
        runs.push(summary);
        print(describeResult(summary));
        await writeHistory(join(histories, `${fault.name}-${seed}.jsonl`), history);
        if (PLOTTED.has(fault.name) && !plots.has(fault.name)) {
          plots.set(fault.name, `${fault.name}.svg`);
          await writeFile(join(plotFolder, `${fault.name}.svg`), plotLag(fault.name, summary.figures));
        }
      } catch (error) {
        hasFailed = true;
        print(
          `${fault.name} seed ${seed}: the harness failed: ${error instanceof Error ? error.stack : String(error)}`,
        );
      }
      seed += 1;
    }
  }
  const endedAt = new Date().toISOString();
  await writeFile(join(docs, "soak.md"), writeReport({ command, endedAt, minutes: minutesPassed(), runs, plots }));
  return !hasFailed && runs.every((run) => run.isClean);
}

async function writeHistory(file: string, history: readonly Operation[]): Promise<void> {
  await writeFile(file, `${history.map((operation) => JSON.stringify(operation)).join("\n")}\n`);
}
