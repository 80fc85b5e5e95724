/**
 * A histogram of durations in whole microseconds, with buckets that are exact up to 127 and at most 1 % wide beyond.
 *
 * Recording is one addition. Histograms of several processes or repetitions can be put together, travel as JSON, and give
 * the points of a plot.
 */

/** A histogram as JSON: pairs of bucket and count, of filled buckets alone. */
export type HistogramText = readonly (readonly [bucket: number, count: number])[];

/** Buckets of one power of two. */
const STEPS = 128;
const STEP_BITS = 7;
/** Values up to 2^36 us, 19 hours. */
const POWERS = 30;

export class Histogram {
  readonly #counts = new Float64Array(STEPS * POWERS);
  #total = 0;

  /** Reads what `toJSON` wrote. */
  static from(text: HistogramText): Histogram {
    const histogram = new Histogram();
    for (const [bucket, count] of text) histogram.#add(bucket, count);
    return histogram;
  }

  get total(): number {
    return this.#total;
  }

  /** Counts a duration; one below 0 counts as 0. */
  record(us: number): void {
    this.#add(bucketOf(us), 1);
  }

  merge(other: Histogram): void {
    for (const [bucket, count] of other.toJSON()) this.#add(bucket, count);
  }

  /** The duration, in microseconds, below or at which a share of all is; NaN where there is none. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#total));
    let seen = 0;
    for (const [bucket, count] of this.toJSON()) {
      seen += count;
      if (seen >= rank) return upperOf(bucket);
    }
    return Number.NaN;
  }

  /** Points of the cumulative distribution: up to which duration, which share. */
  points(): { us: number; share: number }[] {
    let seen = 0;
    return this.toJSON().map(([bucket, count]) => {
      seen += count;
      return { us: upperOf(bucket), share: seen / this.#total };
    });
  }

  toJSON(): HistogramText {
    const filled: [number, number][] = [];
    for (const [bucket, count] of this.#counts.entries()) if (count > 0) filled.push([bucket, count]);
    return filled;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  #add(bucket: number, count: number): void {
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    this.#total += count;
  }
}

/** Values below 128 have a bucket each; from there on each power of two has 128. */
function bucketOf(us: number): number {
  const value = Math.max(0, Math.round(us));
  if (value < STEPS) return value;
  const power = Math.min(POWERS - 2, Math.floor(Math.log2(value)) - STEP_BITS);
  return Math.min(STEPS * POWERS - 1, STEPS * (power + 1) + Math.floor(value / 2 ** power) - STEPS);
}

/** The highest value of a bucket. */
function upperOf(bucket: number): number {
  if (bucket < STEPS) return bucket;
  const power = Math.floor(bucket / STEPS) - 1;
  return ((bucket % STEPS) + STEPS + 1) * 2 ** power - 1;
}
