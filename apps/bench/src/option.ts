/** What the benchmark is told on its command line. */
import { parseArgs } from "node:util";

import type { Target } from "./target.ts";
import { ABSENT, TARGETS } from "./targets.ts";
import type { Workload } from "./workload.ts";
import { WORKLOADS } from "./workloads.ts";

export interface BenchOptions {
  /** @default all */
  readonly targets: readonly Target[];
  /** Whether targets were named; then each workload runs on them that can. */
  readonly areTargetsNamed: boolean;
  /** @default all */
  readonly workloads: readonly Workload[];
  /** @default 3 */
  readonly repetitions: number;
  /** Of users, events and durations; rates stay. @default 1 */
  readonly scale: number;
  /** Length of the soak. @default 600 times the scale */
  readonly soakSeconds: number;
  /** File that the results are written to as JSON. @default none */
  readonly json: string | undefined;
  /** Whether docs/operations/benchmarks.md is written. @default false */
  readonly report: boolean;
}

const SOAK_S = 600;
const NAME_WIDTH = 20;

/** What `--help` shows. */
export function helpText(): string {
  const rows = (all: readonly { readonly name: string; readonly title: string }[]): string =>
    all.map(({ name, title }) => `  ${name.padEnd(NAME_WIDTH)}${title}`).join("\n");
  return `npm run bench -- [options]: measures Doorstep beside others on this machine, and prints a table for each workload.

  --target NAME     a target; may be repeated (default: all)
  --workload NAME   a workload; may be repeated (default: all)
  --repetitions N   how often each is run, in turn (default: 3; a soak runs once)
  --scale X         of users, events and durations, above 0 and up to 1; rates stay (default: 1)
  --seconds N       length of the soak (default: ${SOAK_S} times the scale)
  --json FILE       where the results are written to, with every figure of every repetition
  --report          writes docs/operations/benchmarks.md, too
  --gate            counts what an event takes instead, and compares it to what is accepted
  --gate --accept   accepts what it counts

Workloads:
${rows(WORKLOADS)}

Targets:
${rows(TARGETS)}
${ABSENT.map(({ name, reason }) => `  ${name.padEnd(NAME_WIDTH)}cannot run here: ${reason}\n`).join("")}`;
}

/** Reads the arguments; throws a RangeError or TypeError that says what is wrong. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      target: { type: "string", multiple: true, default: [] },
      workload: { type: "string", multiple: true, default: [] },
      repetitions: { type: "string", default: "3" },
      scale: { type: "string", default: "1" },
      seconds: { type: "string" },
      json: { type: "string" },
      report: { type: "boolean", default: false },
    },
  });
  const repetitions = Number(values.repetitions);
  if (!Number.isInteger(repetitions) || repetitions < 1) {
    throw new RangeError(`--repetitions has to be a whole number from 1, not ${values.repetitions}`);
  }
  const scale = Number(values.scale);
  if (!(scale > 0 && scale <= 1)) throw new RangeError(`--scale has to be above 0 and at most 1, not ${values.scale}`);
  const soakSeconds = Number(values.seconds ?? SOAK_S * scale);
  if (!(soakSeconds > 0)) throw new RangeError(`--seconds has to be above 0, not ${values.seconds}`);
  return {
    targets: pick("target", TARGETS, values.target),
    workloads: pick("workload", WORKLOADS, values.workload),
    areTargetsNamed: values.target.length > 0,
    repetitions,
    scale,
    soakSeconds,
    json: values.json,
    report: values.report,
  };
}

/** All of them where no name is given. */
function pick<T extends { readonly name: string }>(
  option: string,
  all: readonly T[],
  names: readonly string[],
): readonly T[] {
  if (names.length === 0) return all;
  return names.map((name) => {
    const found = all.find((one) => one.name === name);
    if (found !== undefined) return found;
    const absent = ABSENT.find((one) => one.name === name);
    if (absent !== undefined) throw new RangeError(`--${option} ${name}: it cannot run here: ${absent.reason}`);
    throw new RangeError(
      `--${option} ${name}: there is no such ${option}; known are ${all.map((one) => one.name).join(", ")}`,
    );
  });
}
