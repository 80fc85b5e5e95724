/**
 * Bounded: memory and keys never exceed their caps, and in the end are back near where they began.
 *
 * A process begins at the most it used before the first fault, or at its first sample where there is none before.
 */
import type { FaultOperation, SampleOperation } from "./history.ts";
import type { Report } from "./verdict.ts";

/** How much is too much. */
export interface Bounds {
  /** How much of the memory at the beginning a process may use in the end. @default 2 */
  readonly rssFactor?: number;
  /** The most memory a process may ever use, in bytes. @default Infinity */
  readonly rssCapBytes?: number;
  /** How many of the keys at the beginning may be there in the end. @default 2 */
  readonly redisKeysFactor?: number;
  /** The most keys there may ever be. @default Infinity */
  readonly redisKeysCap?: number;
}

interface Measure {
  readonly of: "rssBytes" | "redisKeys";
  readonly factor: number;
  readonly cap: number;
}

/** Judges `bounded`. */
export function judgeBounds(
  samples: readonly SampleOperation[],
  faults: readonly FaultOperation[],
  { rssFactor = 2, rssCapBytes = Infinity, redisKeysFactor = 2, redisKeysCap = Infinity }: Bounds,
  report: Report,
): void {
  const begin = faults.find(({ phase }) => phase === "begin")?.atMs ?? Infinity;
  const byProcess = new Map<string, SampleOperation[]>();
  for (const sample of samples) {
    const list = byProcess.get(sample.process);
    if (list === undefined) byProcess.set(sample.process, [sample]);
    else list.push(sample);
  }
  for (const list of byProcess.values()) {
    judge(list, begin, { of: "rssBytes", factor: rssFactor, cap: rssCapBytes }, report);
    judge(list, begin, { of: "redisKeys", factor: redisKeysFactor, cap: redisKeysCap }, report);
  }
}

function judge(samples: readonly SampleOperation[], begin: number, { of, factor, cap }: Measure, report: Report): void {
  const valueOf = (sample: SampleOperation): number => sample[of] ?? 0;
  const measured = samples.filter((sample) => sample[of] !== undefined);
  const [first] = measured;
  const last = measured.at(-1);
  if (first === undefined || last === undefined) return;
  const larger = (a: SampleOperation, b: SampleOperation): SampleOperation => (valueOf(b) > valueOf(a) ? b : a);
  const peak = measured.reduce(larger);
  if (valueOf(peak) > cap) report("bounded", `${of} of ${peak.process} rose to ${valueOf(peak)}, over ${cap}`, [peak]);
  const base = measured.filter(({ atMs }) => atMs <= begin).reduce(larger, first);
  if (valueOf(last) <= valueOf(base) * factor) return;
  const text = `${of} of ${last.process} ended at ${valueOf(last)}, over ${factor} times ${valueOf(base)}`;
  report("bounded", text, [base, last]);
}
