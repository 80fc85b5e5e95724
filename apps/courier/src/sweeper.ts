/**
 * Sweeper: this courier's part in the sweeps. A schedule that all couriers share gives it rounds, and slices of those in which
 * there is much to do.
 *
 * One sweep takes no longer than the pause between two: what it does not get to stays due and comes with the next,
 * which may be another courier's. So a flood of users away slows custody down but never piles sweeps up.
 */
import type { CourierMailbox, Schedule, Slice } from "@doorstep/mailbox";
import { SWEEP_OUTCOMES } from "@doorstep/mailbox";

import type { CourierMetrics } from "./metric.ts";

/** Least time that a sweep gets, however short the pause is. */
const LEAST_BUDGET_MS = 1_000;
/** A courier shares a round an interval with the others; one that gets none for so long is not at work. */
const STALE_INTERVALS = 60;
const STALE_LEAST_MS = 120_000;

export interface SweeperOptions {
  readonly mailbox: CourierMailbox;
  readonly metrics: CourierMetrics;
  readonly intervalMs: number;
}

export class Sweeper {
  readonly #options: SweeperOptions;
  readonly #ending = new AbortController();
  #schedule: Schedule | undefined;
  /** When it last had a part in the sweeps, or began to wait for one. */
  #takesPartAtMs = -Infinity;

  private constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** Takes part in the sweeps from now on; throws UNAVAILABLE. */
  static async start(options: SweeperOptions): Promise<Sweeper> {
    const sweeper = new Sweeper(options);
    sweeper.#schedule = await options.mailbox.scheduleSweeps(options.intervalMs, (slice, isRound) =>
      sweeper.#sweep(slice, isRound),
    );
    sweeper.#takesPartAtMs = performance.now();
    return sweeper;
  }

  /** Whether this courier takes part in the sweeps: one of its own finished, or it began to wait for one, not long ago. */
  isFresh(): boolean {
    const staleMs = Math.max(STALE_LEAST_MS, STALE_INTERVALS * this.#options.intervalMs);
    return performance.now() - this.#takesPartAtMs < staleMs;
  }

  /** Stops between two users and leaves the sweeps to the other couriers. Idempotent. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#schedule?.close();
  }

  /** False where a round is to be shared. */
  async #sweep({ first, end }: Slice, isRound: boolean): Promise<boolean> {
    const { mailbox, metrics, intervalMs } = this.#options;
    const partitions = Array.from({ length: end - first }, (_, index) => first + index);
    const budget = AbortSignal.timeout(Math.max(LEAST_BUDGET_MS, intervalMs));
    const stop = metrics.sweepDuration.startTimer();
    try {
      const counts = await mailbox.sweep(partitions, AbortSignal.any([budget, this.#ending.signal]), isRound);
      this.#takesPartAtMs = performance.now();
      if (counts === undefined) {
        metrics.sweeps.inc({ result: "shared" });
        return false;
      }
      for (const outcome of SWEEP_OUTCOMES) metrics.sweptUsers.inc({ outcome }, counts[outcome]);
      metrics.sweeps.inc({ result: budget.aborted ? "cut" : "done" });
      return true;
    } catch (error) {
      metrics.sweeps.inc({ result: "failed" });
      throw error;
    } finally {
      stop();
    }
  }
}
