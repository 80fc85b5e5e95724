/**
 * How long to wait before the next try.
 *
 * Full jitter: a time drawn evenly from zero to a bound that doubles with every failure in a row, so that the clients of
 * a gateway that died do not come back together. What the hub asked for with `afterMs` is waited in addition.
 */
import type { ClosingPolicy } from "@doorstep/protocol";

/** Bounds of the back-off. */
export interface BackOff {
  /** Bound of the first wait, in milliseconds. */
  readonly baseMs: number;
  /** Bound that no wait exceeds, in milliseconds. */
  readonly maxMs: number;
}

/** Draws a wait for the try after `failures` failures in a row; `random` answers from 0 up to 1. */
export function jitterMs(failures: number, random: () => number, { baseMs, maxMs }: BackOff): number {
  return Math.floor(random() * Math.min(maxMs, baseMs * 2 ** failures));
}

/**
 * Tells the wait after a closing. `reconnect` and `refresh-token` go at once the first time, after `afterMs` if given;
 * repeated, they back off like everything else, so that a hub that always sends clients away is not hammered.
 */
export function reconnectDelayMs(
  policy: ClosingPolicy,
  failures: number,
  afterMs: number,
  random: () => number,
  backOff: BackOff,
): number {
  const isAtOnce = (policy === "reconnect" || policy === "refresh-token") && failures === 0;
  return afterMs + (isAtOnce ? 0 : jitterMs(failures, random, backOff));
}
