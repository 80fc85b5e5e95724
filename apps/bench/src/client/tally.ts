/** What all clients of the process saw together since the last reset. */
import { readMarks } from "../body.ts";
import { nowUs } from "../clock.ts";
import { Histogram, type HistogramText } from "../histogram.ts";
import { Ledger, type LedgerReport } from "../ledger.ts";
import { readTokens } from "../token.ts";
import { Arrivals, type ArrivalsReport } from "./arrivals.ts";

export interface TallyReport extends LedgerReport, ArrivalsReport {
  /** Messages that had events in them. */
  readonly frames: number;
  readonly bytes: number;
  /** Notices of a target that something is missing. */
  readonly gaps: number;
  /** Connections that ended though nobody here wanted it, those that never opened included. */
  readonly breaks: number;
  /** Connections that the server refused. */
  readonly refusals: number;
  /** From when an event was due until it came, of first arrivals. */
  readonly latency: HistogramText;
}

export class Tally {
  readonly ledger = new Ledger();
  readonly arrivals = new Arrivals();
  readonly #latency = new Histogram();
  #onDistinct: ((count: number) => void) | undefined;
  #read = readMarks;
  #frames = 0;
  #bytes = 0;
  gaps = 0;
  breaks = 0;
  refusals = 0;
  /** Since somebody watches, whatever is reset. */
  #watched = 0;

  /** Tells somebody of first arrivals from now on: how many there were, with each message that has some. */
  watch(onDistinct: ((count: number) => void) | undefined): void {
    this.#watched = 0;
    this.#onDistinct = onDistinct;
  }

  /** Says what the messages hold from now on. @default "bodies" */
  expect(what: "bodies" | "tokens"): void {
    this.#read = what === "tokens" ? readTokens : readMarks;
  }

  /** Takes a message; answers how many events were in it. Throws for an event that comes before it is due: no clock is shared. */
  events(user: number, text: string, isStranded: (dueUs: number) => boolean): number {
    const atUs = nowUs();
    const before = this.ledger.distinct;
    const count = this.#read(text, (seq, dueUs) => {
      if (!this.ledger.take(user, seq, isStranded(dueUs))) return;
      // Due times are whole microseconds.
      if (atUs < dueUs - 1) throw new Error(`an event came ${dueUs - atUs} us before it was due: the clocks disagree`);
      this.#latency.record(atUs - dueUs);
      this.arrivals.event(dueUs, atUs);
      this.#watched += 1;
    });
    if (count === 0) return 0;
    if (this.ledger.distinct > before) this.arrivals.frame(user, atUs);
    this.#frames += 1;
    this.#bytes += text.length;
    this.#onDistinct?.(this.#watched);
    return count;
  }

  get distinct(): number {
    return this.ledger.distinct;
  }

  report(): TallyReport {
    return {
      ...this.ledger.report(),
      ...this.arrivals.report(),
      frames: this.#frames,
      bytes: this.#bytes,
      gaps: this.gaps,
      breaks: this.breaks,
      refusals: this.refusals,
      latency: this.#latency.toJSON(),
    };
  }

  reset(): void {
    this.ledger.reset();
    this.arrivals.reset();
    this.#latency.reset();
    this.#frames = 0;
    this.#bytes = 0;
    this.gaps = 0;
    this.breaks = 0;
    this.refusals = 0;
  }
}
