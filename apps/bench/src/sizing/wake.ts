/**
 * Waking: what a request costs besides its work where it finds its process idle. The longer the process slept, the more of
 * what it needs has left the processor's caches: between 1 and 10 ms, where it was measured, the cost grows with the logarithm
 * of the time between two requests. Below and above, that is where it stays.
 */

export interface Wake {
  /** 1 ms after the request before. */
  readonly warmUs: number;
  /** What comes to that 10 ms after it. */
  readonly coldUs: number;
}

const MS_PER_S = 1_000;

/** The cost of waking at so many requests a second. */
export function wakeUsAt({ warmUs, coldUs }: Wake, requestsPerS: number): number {
  const decades = Math.log10(MS_PER_S / requestsPerS);
  return warmUs + coldUs * Math.min(1, Math.max(0, decades));
}

/** What requests cost, besides their work, at a rate so low that each finds its process idle. */
export interface Lonely {
  readonly besidesUs: number;
  readonly requestsPerS: number;
}

/** Finds both constants from two rates. */
export function wakeOf(often: Lonely, seldom: Lonely): Wake {
  const coldUs = (seldom.besidesUs - often.besidesUs) / Math.log10(often.requestsPerS / seldom.requestsPerS);
  const decades = Math.log10(MS_PER_S / often.requestsPerS);
  return { warmUs: often.besidesUs - coldUs * decades, coldUs };
}
