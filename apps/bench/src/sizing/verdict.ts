/** What the model says beside what a run showed, and whether it is close enough by the median of all runs. */
import { median } from "@doorstep/testkit";

export interface Comparison {
  readonly masters: number;
  readonly what: string;
  readonly unit: string;
  readonly measured: number;
  readonly predicted: number;
}

/** The same over all repetitions. */
export interface Verdict extends Comparison {
  /** Of each repetition, in percent of what was measured; below 0 where the model says too little. */
  readonly errors: readonly number[];
  readonly isWithin: boolean;
}

/** By how much the model may be off. */
export const MOST_PERCENT = 20;
const PERCENT = 100;

/** Gathers comparisons by what they compare, by the number of masters and then in the order in which they first come. */
export function judge(comparisons: readonly Comparison[]): Verdict[] {
  const groups = new Map<string, [Comparison, ...Comparison[]]>();
  for (const one of comparisons) {
    const name = `${one.masters} ${one.what}`;
    const known = groups.get(name);
    if (known === undefined) groups.set(name, [one]);
    else known.push(one);
  }
  return Array.from(groups.values(), verdictOf).toSorted((a, b) => a.masters - b.masters);
}

function verdictOf(group: [Comparison, ...Comparison[]]): Verdict {
  const errors = group.map(({ measured, predicted }) => (predicted / measured - 1) * PERCENT);
  return {
    ...group[0],
    measured: median(group.map(({ measured }) => measured)),
    errors,
    isWithin: Math.abs(median(errors)) <= MOST_PERCENT,
  };
}
