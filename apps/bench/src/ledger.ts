/**
 * The ledger: what came to each user, by the numbers that the publisher counts per user from 0.
 *
 * Per user it keeps the next number and the numbers below it that did not come. A number below the next one is out of order
 * where it was missing, and came before otherwise: a repeat where the client library drops it, else a duplicate. What was lost
 * is what was published and is not among the distinct ones.
 */

export interface LedgerReport {
  /** Events that came for the first time. */
  readonly distinct: number;
  readonly duplicates: number;
  /** Came again and were dropped by the client library, so that no application sees them twice. */
  readonly repeats: number;
  /** Came behind a later one of the same user. */
  readonly outOfOrder: number;
  /** Came only after a reconnect, though the user had been connected all the time until long after they were due. */
  readonly stranded: number;
  /** Users to whom something came. */
  readonly reached: number;
}

export class Ledger {
  readonly #next: number[] = [];
  readonly #missing: (Set<number> | undefined)[] = [];
  readonly #reached = new Set<number>();
  /** How many of a user's last events the client library knows and drops. */
  remembers = 0;
  repeats = 0;
  #distinct = 0;
  #duplicates = 0;
  #outOfOrder = 0;
  #stranded = 0;

  /** Events that came for the first time since the last reset. */
  get distinct(): number {
    return this.#distinct;
  }

  /** Takes an event; answers whether it came for the first time. */
  take(user: number, seq: number, isStranded = false): boolean {
    const next = this.#next[user] ?? 0;
    if (seq >= next) {
      if (seq > next) this.#miss(user, next, seq);
      this.#next[user] = seq + 1;
    } else if (this.#missing[user]?.delete(seq) === true) {
      this.#outOfOrder += 1;
    } else {
      if (seq >= next - this.remembers) this.repeats += 1;
      else this.#duplicates += 1;
      return false;
    }
    this.#distinct += 1;
    this.#reached.add(user);
    if (isStranded) this.#stranded += 1;
    return true;
  }

  /** Whether an event came. */
  has(user: number, seq: number): boolean {
    return seq < (this.#next[user] ?? 0) && this.#missing[user]?.has(seq) !== true;
  }

  report(): LedgerReport {
    return {
      distinct: this.#distinct,
      duplicates: this.#duplicates,
      repeats: this.repeats,
      outOfOrder: this.#outOfOrder,
      stranded: this.#stranded,
      reached: this.#reached.size,
    };
  }

  /** Counts anew from here; where each user stands is kept. */
  reset(): void {
    this.#reached.clear();
    this.#distinct = 0;
    this.#duplicates = 0;
    this.repeats = 0;
    this.#outOfOrder = 0;
    this.#stranded = 0;
  }

  #miss(user: number, from: number, to: number): void {
    const missing = (this.#missing[user] ??= new Set());
    for (let seq = from; seq < to; seq++) missing.add(seq);
  }
}
