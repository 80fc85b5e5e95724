/**
 * Lag: how late the event loop is, and whether new sockets may come (faults: a reconnect storm must not grow while the
 * gateway cannot keep up). Those it holds come first: a handshake that is refused is tried again elsewhere.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";

const LOOK_EVERY_MS = 500;
/** Each measurement wakes the process. */
const RESOLUTION_MS = 50;
const NANOSECONDS_PER_MS = 1e6;

export class Lag {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #p99Ms = 0;

  constructor(onLook: (p99Ms: number) => void) {
    this.#histogram.enable();
    this.#timer = setInterval(() => {
      this.#p99Ms = Math.max(0, this.#histogram.percentile(99) / NANOSECONDS_PER_MS - RESOLUTION_MS);
      this.#histogram.reset();
      onLook(this.#p99Ms);
    }, LOOK_EVERY_MS).unref();
  }

  /** 99th percentile of the event loop's delay over the last half second, in milliseconds. */
  get p99Ms(): number {
    return this.#p99Ms;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }
}
