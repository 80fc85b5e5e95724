/**
 * Several results as one: a full benchmark may be run in parts, and a part of it again.
 *
 * What a later file has of a workload and target takes the place of what earlier ones have. Every result remembers the
 * session (the file) it comes from, since figures of different sessions were not measured side by side.
 */
import type { BenchResult, RunResult } from "../result.ts";

/** One call of the benchmark. */
export type Session = Omit<BenchResult, "results">;

/** A run and the number of its session, from 0. */
export interface SessionRun extends RunResult {
  readonly session: number;
}

export interface Merged {
  /** Those of which something is left, in their order. */
  readonly sessions: readonly Session[];
  readonly runs: readonly SessionRun[];
}

/** Merges results in their order. */
export function merge(results: readonly BenchResult[]): Merged {
  const last = new Map<string, number>();
  for (const [index, { results: runs }] of results.entries()) for (const run of runs) last.set(placeOf(run), index);
  const used = [...new Set(last.values())].toSorted((a, b) => a - b);
  const runs = used.flatMap((index, session) => {
    const own = (results[index]?.results ?? []).filter((run) => last.get(placeOf(run)) === index);
    return own.map((run): SessionRun => Object.assign({ session }, run));
  });
  return { sessions: used.flatMap((index) => results[index] ?? []), runs };
}

function placeOf({ workload, target }: RunResult): string {
  return `${workload} ${target}`;
}
