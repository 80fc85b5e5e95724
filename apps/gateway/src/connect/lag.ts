/**
 * Lag: how late the event loop is, and whether new sockets may come (faults: a reconnect storm must not grow while the
 * gateway cannot keep up). Those it holds come first: a handshake that is refused is tried again elsewhere.
 *
 * Delays are sampled by a timer, and each sample wakes the process: dozens a second, most of what an idle gateway would
 * cost. How long the loop was busy is known for nothing, and no delay is longer. So sampling starts once the loop was busy for
 * a good part of a period, ends when it was calm for a while, and without it the delay counts as 0.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";

const LOOK_EVERY_MS = 500;
/** Busy for so long in a period, the loop may be late enough to matter. */
const BUSY_MS = 100;
/** Periods in a row with less than that, after which nothing is sampled any more. */
const CALM_PERIODS = 20;
const RESOLUTION_MS = 50;
const NANOSECONDS_PER_MS = 1e6;

export class Lag {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #activeMs = performance.eventLoopUtilization().active;
  #calmPeriods = CALM_PERIODS;
  #p99Ms = 0;

  constructor(onLook: (p99Ms: number) => void) {
    this.#timer = setInterval(() => {
      this.#look();
      onLook(this.#p99Ms);
    }, LOOK_EVERY_MS).unref();
  }

  /** 99th percentile of the event loop's delay over the last half second, in milliseconds; 0 where it was not sampled. */
  get p99Ms(): number {
    return this.#p99Ms;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  #look(): void {
    const wasSampled = this.#calmPeriods < CALM_PERIODS;
    this.#p99Ms = wasSampled ? this.#takeP99Ms() : 0;
    const { active } = performance.eventLoopUtilization();
    this.#calmPeriods = active - this.#activeMs >= BUSY_MS ? 0 : this.#calmPeriods + 1;
    this.#activeMs = active;
    if (this.#calmPeriods < CALM_PERIODS) this.#histogram.enable();
    else this.#histogram.disable();
  }

  #takeP99Ms(): number {
    const p99Ms = this.#histogram.percentile(99) / NANOSECONDS_PER_MS - RESOLUTION_MS;
    this.#histogram.reset();
    return Math.max(0, p99Ms);
  }
}
