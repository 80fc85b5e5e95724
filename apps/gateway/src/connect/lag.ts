/**
 * Lag: how late the event loop is, and whether new sockets may come (faults: a reconnect storm must not grow while the
 * gateway cannot keep up). Those it holds come first: a handshake that is refused is tried again elsewhere.
 *
 * Delays are sampled by a timer, and each sample wakes the process: dozens a second, most of what an idle gateway would
 * cost. How long the loop was busy is known for nothing, and no delay is longer. So nothing is done until somebody asks, a
 * handshake or a reading of the metrics; sampling starts where the loop was busy for a good part of the time since the question
 * before, and ends when it was calm for a while. Without it the delay counts as 0.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";

/** Time between two looks: at least, where somebody asks; by a timer, while delays are sampled. */
const LOOK_EVERY_MS = 500;
/** Busy for such a share of the time between two looks, the loop may be late enough to matter. */
const BUSY_SHARE = 0.2;
/** Looks in a row with less than that, after which nothing is sampled any more. */
const CALM_LOOKS = 20;
const RESOLUTION_MS = 50;
const NANOSECONDS_PER_MS = 1e6;

export class Lag {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  /** Looks again while delays are sampled. */
  #timer: NodeJS.Timeout | undefined;
  #lastLook = performance.eventLoopUtilization();
  #lookedAtMs = performance.now();
  #calmLooks = CALM_LOOKS;
  #p99Ms = 0;

  /** 99th percentile of the event loop's delay over the last half second, in milliseconds; 0 where it was not sampled. */
  get p99Ms(): number {
    // Sampled delays are looked at by the timer alone: what holds the loop up at this moment is in no sample yet.
    if (this.#timer === undefined && performance.now() - this.#lookedAtMs >= LOOK_EVERY_MS) this.#look();
    return this.#p99Ms;
  }

  close(): void {
    this.#sample(false);
  }

  #look(): void {
    this.#p99Ms = this.#timer === undefined ? 0 : this.#takeP99Ms();
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#lastLook);
    this.#lastLook = now;
    this.#lookedAtMs = performance.now();
    this.#calmLooks = utilization >= BUSY_SHARE ? 0 : this.#calmLooks + 1;
    this.#sample(this.#calmLooks < CALM_LOOKS);
  }

  #sample(isWanted: boolean): void {
    if (isWanted === (this.#timer !== undefined)) return;
    if (isWanted) {
      this.#histogram.enable();
      this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
    } else {
      this.#histogram.disable();
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #takeP99Ms(): number {
    const p99Ms = this.#histogram.percentile(99) / NANOSECONDS_PER_MS - RESOLUTION_MS;
    this.#histogram.reset();
    return Math.max(0, p99Ms);
  }
}
