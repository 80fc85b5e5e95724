/** What the benchmark is told on its command line. */
import { parseArgs } from "node:util";

import type { Target } from "./target.ts";
import { TARGETS } from "./targets.ts";
import type { Workload } from "./workload.ts";
import { WORKLOADS } from "./workloads.ts";

export interface BenchOptions {
  /** @default all */
  readonly targets: readonly Target[];
  /** @default all */
  readonly workloads: readonly Workload[];
  /** @default 3 */
  readonly repetitions: number;
  /** Of users, events and durations; rates stay. @default 1 */
  readonly scale: number;
  /** File that the results are written to as JSON. @default none */
  readonly json: string | undefined;
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
      json: { type: "string" },
    },
  });
  const repetitions = Number(values.repetitions);
  if (!Number.isInteger(repetitions) || repetitions < 1) {
    throw new RangeError(`--repetitions has to be a whole number from 1, not ${values.repetitions}`);
  }
  const scale = Number(values.scale);
  if (!(scale > 0 && scale <= 1)) throw new RangeError(`--scale has to be above 0 and at most 1, not ${values.scale}`);
  return {
    targets: pick("target", TARGETS, values.target),
    workloads: pick("workload", WORKLOADS, values.workload),
    repetitions,
    scale,
    json: values.json,
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
    throw new RangeError(
      `--${option} ${name}: there is no such ${option}; known are ${all.map((one) => one.name).join(", ")}`,
    );
  });
}
