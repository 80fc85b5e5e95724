/**
 * Waking: what a request costs besides its work where it finds its process idle, since the process has to be woken, and what it
 * needs has left the processor's caches.
 *
 * It is the slope of what a process uses at two rates, without what it costs in a burst. What the process does all the same is
 * the same at both rates, so it falls out: taken off as it was measured at rest it would be too much, since at rest each of the
 * few things it does is woken for.
 */

/** What a process used at a rate so low that most requests find it idle. */
export interface Used {
  readonly usPerS: number;
  readonly requestsPerS: number;
}

/** What one request costs, and what the process uses besides, us/s. */
export interface Line {
  readonly requestUs: number;
  readonly idleUs: number;
}

const US_PER_S = 1e6;

/** The line through two rates. */
export function lineThrough(often: Used, seldom: Used): Line {
  const requestUs = (often.usPerS - seldom.usPerS) / (often.requestsPerS - seldom.requestsPerS);
  return { requestUs, idleUs: seldom.usPerS - seldom.requestsPerS * requestUs };
}

/** What waking costs, where a request costs `workUs` when it wakes nobody: those that come while the process is at work. */
export function wakeUsOf(often: Used, seldom: Used, workUs: number): number {
  const use = (often.usPerS + seldom.usPerS) / 2 / US_PER_S;
  return (lineThrough(often, seldom).requestUs - workUs) / (1 - use);
}
