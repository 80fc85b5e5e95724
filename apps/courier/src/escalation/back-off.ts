/**
 * When to try a delivery again.
 *
 * Full jitter: a time drawn evenly from zero to a bound that doubles with every attempt, so that the deliveries an outage
 * left behind do not come back together. What the endpoint asked for is waited first, and the draw added to it: many
 * deliveries are told the same Retry-After, and the same end of a circuit's pause.
 */

/** Bounds of the back-off. */
export interface BackOff {
  /** Bound of the wait after the first attempt, in milliseconds. @default 5_000 */
  readonly baseMs: number;
  /** Bound that no draw exceeds, in milliseconds. @default 3_600_000 */
  readonly maxMs: number;
}

export const DEFAULT_BACK_OFF: BackOff = { baseMs: 5_000, maxMs: 3_600_000 };

/**
 * Tells how long to wait after attempt number `attempt` (from 1), in whole milliseconds; `random` is from 0 up to 1,
 * `afterMs` what the outcome asked for.
 */
export function retryDelayMs(
  attempt: number,
  random: number,
  { baseMs, maxMs }: BackOff = DEFAULT_BACK_OFF,
  afterMs = 0,
): number {
  return Math.floor(afterMs + random * Math.min(maxMs, baseMs * 2 ** (attempt - 1)));
}
