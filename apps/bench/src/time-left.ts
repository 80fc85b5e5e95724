/** How long the rest of the benchmark takes: by what each workload took so far, or by what it says of itself. */
import type { Workload } from "./workload.ts";

const S_PER_MINUTE = 60;

/** The part of a run that its time depends on. */
type Timed = { readonly workload: Pick<Workload, "name" | "seconds"> };

export class TimeLeft {
  readonly #runs: readonly Timed[];
  readonly #scale: number;
  readonly #taken = new Map<string, { seconds: number; runs: number }>();

  constructor(runs: readonly Timed[], scale: number) {
    this.#runs = runs;
    this.#scale = scale;
  }

  /** Learns how long a run took. */
  took({ workload }: Timed, seconds: number): void {
    const before = this.#taken.get(workload.name) ?? { seconds: 0, runs: 0 };
    this.#taken.set(workload.name, { seconds: before.seconds + seconds, runs: before.runs + 1 });
  }

  /** Tells the time from a run on, in words. */
  tell(from: number): string {
    const seconds = this.#runs.slice(from).reduce((sum, run) => sum + this.#expected(run), 0);
    return seconds < S_PER_MINUTE ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / S_PER_MINUTE)} min`;
  }

  #expected({ workload }: Timed): number {
    const taken = this.#taken.get(workload.name);
    return taken === undefined ? workload.seconds * Math.max(0.4, this.#scale) : taken.seconds / taken.runs;
  }
}
