/**
 * When events came: the last of all, the longest time in which nothing came to a user who got something before and after it,
 * and, where somebody asks for it, when each late event was due and came. All times are of the shared clock.
 */
import { Histogram, type HistogramText } from "../histogram.ts";

export interface ArrivalsReport {
  /** When the last event came for the first time; 0 where none did. */
  readonly lastUs: number;
  /** The longest time without an event, of each user to whom at least two messages came. */
  readonly holes: HistogramText;
}

/** An event that came late. */
export type LateArrival = readonly [dueUs: number, atUs: number];

/** More are not kept: a list of them has to travel. */
const MOST_LATE = 200_000;

export class Arrivals {
  readonly #lastUs: (number | undefined)[] = [];
  readonly #longestUs: number[] = [];
  /** How late an event has to be to be kept. */
  lateOverUs = Infinity;
  late: LateArrival[] = [];
  #last = 0;

  /** Takes an event that came for the first time. */
  event(dueUs: number, atUs: number): void {
    if (atUs - dueUs > this.lateOverUs && this.late.length < MOST_LATE) this.late.push([dueUs, atUs]);
  }

  /** Takes a message with such events. */
  frame(user: number, atUs: number): void {
    const before = this.#lastUs[user];
    if (before !== undefined) this.#longestUs[user] = Math.max(this.#longestUs[user] ?? 0, atUs - before);
    this.#lastUs[user] = atUs;
    this.#last = atUs;
  }

  report(): ArrivalsReport {
    const holes = new Histogram();
    // Users without any are no entries of the list.
    for (const us of Object.values(this.#longestUs)) holes.record(us);
    return { lastUs: this.#last, holes: holes.toJSON() };
  }

  reset(): void {
    this.#lastUs.length = 0;
    this.#longestUs.length = 0;
    this.#last = 0;
    this.late = [];
  }
}
