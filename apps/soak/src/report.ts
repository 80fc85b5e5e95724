/**
 * The report of a soak, as Markdown: what was tried, how often, what it amounted to, and what the checker said.
 */
import { formatVerdict } from "@doorstep/testkit";

import type { Fault } from "./fault.ts";
import type { RunResult } from "./run.ts";

/** What a report keeps of a run: all but its history. */
export type RunSummary = Omit<RunResult, "history">;

/** What the report says of the whole soak. */
export interface SoakSummary {
  /** The command that runs the same again. */
  readonly command: string;
  /** When it ended, RFC 3339. */
  readonly endedAt: string;
  /** How long it took, in minutes. */
  readonly minutes: number;
  readonly runs: readonly RunSummary[];
  /** Names of the plots beside the report, by fault. */
  readonly plots: ReadonlyMap<string, string>;
}

/** Writes the report. */
export function writeReport({ command, endedAt, minutes, runs, plots }: SoakSummary): string {
  const dirty = runs.filter((run) => !run.isClean);
  const totals = `${runs.length} runs in ${Math.round(minutes)} minutes, ${dirty.length} of them not clean`;
  return [
    "# Soak",
    "",
    "What happens to the promises of PROTOCOL.md while processes die, links break and Redis fails over. This page is written by",
    "the command below; each run starts a hub of its own (Redis, two gateways, two couriers), loads it with two publishers and",
    "users with two devices each, breaks it by a seeded schedule, mends it, waits until it is quiet, reads what every device,",
    "log, parcel and dead letter holds, and has the checker judge the history.",
    "",
    "```sh",
    command,
    "```",
    "",
    `Ended ${endedAt}: ${totals}.`,
    "",
    ...writeTable(runs),
    "",
    "- **struck**: how often the fault was injected and mended, over all runs.",
    "- **gaps**: how often a device was told that events will not come.",
    "- **told losses**: acknowledged events that are gone; only faults that may lose acknowledged writes may have any, and every",
    "  device concerned was told. A loss that was not told would make the run not clean.",
    "- **recovery**: the longest time from a heal to the first event at the last connected device.",
    "- **worst lag**: the longest time from a publisher's answer to a device's application, the fault included.",
    "",
    ...[...plots].flatMap(([name, file]) => [`![Lag over time, ${name}](soak/${file})`, ""]),
    ...dirty.flatMap(writeFailure),
  ].join("\n");
}

function writeTable(runs: readonly RunSummary[]): string[] {
  const faults = [...new Set(runs.map(({ fault }) => fault))];
  return [
    "| fault | what it does | runs | struck | events | deliveries | gaps | told losses | recovery | worst lag | verdict |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
    ...faults.map((fault) =>
      writeRow(
        fault,
        runs.filter((run) => run.fault === fault),
      ),
    ),
  ];
}

function writeRow({ name, does }: Fault, runs: readonly RunSummary[]): string {
  const sum = (pick: (run: RunSummary) => number): number => runs.reduce((total, run) => total + pick(run), 0);
  const most = (pick: (run: RunSummary) => number): number => Math.max(...runs.map(pick));
  const dirty = runs.filter((run) => !run.isClean).length;
  const cells = [
    name,
    does,
    runs.length,
    sum(({ times }) => times),
    sum(({ figures }) => figures.events),
    sum(({ figures }) => figures.deliveries),
    sum(({ figures }) => figures.gaps),
    sum(({ verdict }) => verdict.tally.declaredLosses),
    `${most(({ figures }) => figures.recoveryMs)} ms`,
    `${most(({ figures }) => figures.worstLagMs)} ms`,
    dirty === 0 ? "clean" : `${dirty} not clean`,
  ];
  return `| ${cells.join(" | ")} |`;
}

function writeFailure({ fault, seed, verdict, problems }: RunSummary): string[] {
  return [`## Not clean: ${fault.name}, seed ${seed}`, "", "```", formatVerdict(verdict), ...problems, "```", ""];
}
