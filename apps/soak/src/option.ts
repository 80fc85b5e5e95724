/** What a soak is told on its command line. */
import { parseArgs } from "node:util";

import type { Fault } from "./fault.ts";
import { FAULTS, findFault } from "./faults.ts";

/** A soak to run. */
export interface SoakOptions {
  /** No new round over the faults begins after so many minutes; every fault has its turn at least once. @default 20 */
  readonly minutes: number;
  /** How long the load of one run lasts, in seconds. @default 10 */
  readonly seconds: number;
  /** The classes to run, in order. @default all */
  readonly faults: readonly Fault[];
  /** Of the first run; each further run counts on. @default by the clock */
  readonly seed: number;
}

/** Reads the arguments; throws a RangeError or TypeError that says what is wrong. */
export function parseOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "20" },
      seconds: { type: "string", default: "10" },
      fault: { type: "string", multiple: true, default: [] },
      seed: { type: "string", default: String(Math.floor(Date.now() / 1_000)) },
    },
  });
  const number = (name: "minutes" | "seconds" | "seed"): number => {
    const value = Number(values[name]);
    if (Number.isFinite(value) && value >= 0) return value;
    throw new RangeError(`--${name} has to be a number from 0, not ${values[name]}`);
  };
  return {
    minutes: number("minutes"),
    seconds: number("seconds"),
    faults: values.fault.length === 0 ? FAULTS : values.fault.map(findFault),
    seed: number("seed"),
  };
}
