/**
 * Sweeper: this courier's part in the sweeps. A schedule that all couriers share gives it slices of the partitions.
 *
 * One sweep takes no longer than the pause between two: what it does not get to stays due and comes with the next,
 * which may be another courier's. So a flood of users away slows custody down but never piles sweeps up.
 */
import type { CourierMailbox, Schedule, Slice } from "@doorstep/mailbox";
import { SWEEP_OUTCOMES } from "@doorstep/mailbox";

import type { CourierMetrics } from "./metric.ts";

/** Least time that a sweep gets, however short the pause is. */
const LEAST_BUDGET_MS = 1_000;
/** A courier shares eight slices an interval with the others; one that gets none for so long is not at work. */
const STALE_INTERVALS = 20;
const STALE_LEAST_MS = 30_000;

export interface SweeperOptions {
  readonly mailbox: CourierMailbox;
  readonly metrics: CourierMetrics;
  readonly intervalMs: number;
}

export class Sweeper {
  readonly #options: SweeperOptions;
  readonly #ending = new AbortController();
  #schedule: Schedule | undefined;
  #finishedAtMs: number | undefined;

  private constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** Takes part in the sweeps from now on; throws UNAVAILABLE. */
  static async start(options: SweeperOptions): Promise<Sweeper> {
    const sweeper = new Sweeper(options);
    sweeper.#schedule = await options.mailbox.scheduleSweeps(options.intervalMs, (slice) => sweeper.#sweep(slice));
    return sweeper;
  }

  /** Whether a sweep of this courier finished lately. */
  isFresh(): boolean {
    const staleMs = Math.max(STALE_LEAST_MS, STALE_INTERVALS * this.#options.intervalMs);
    return this.#finishedAtMs !== undefined && performance.now() - this.#finishedAtMs < staleMs;
  }

  /** Stops between two users and leaves the sweeps to the other couriers. Idempotent. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#schedule?.close();
  }

  async #sweep({ first, end }: Slice): Promise<void> {
    const { mailbox, metrics, intervalMs } = this.#options;
    const partitions = Array.from({ length: end - first }, (_, index) => first + index);
    const budget = AbortSignal.timeout(Math.max(LEAST_BUDGET_MS, intervalMs));
    const stop = metrics.sweepDuration.startTimer();
    try {
      const counts = await mailbox.sweep(partitions, AbortSignal.any([budget, this.#ending.signal]));
      for (const outcome of SWEEP_OUTCOMES) metrics.sweptUsers.inc({ outcome }, counts[outcome]);
      metrics.sweeps.inc({ result: budget.aborted ? "cut" : "done" });
      this.#finishedAtMs = performance.now();
    } catch (error) {
      metrics.sweeps.inc({ result: "failed" });
      throw error;
    } finally {
      stop();
    }
  }
}
