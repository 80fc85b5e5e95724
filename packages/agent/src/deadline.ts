/**
 * Deadlines of what is under way: each is over once its time is up, unless it ended before.
 *
 * Every publish has one, so a timer is not made for each: those with the same patience are in one line, oldest first, and one
 * timer stands for the first of them. It runs on when that one has ended, also where no other is left: a publisher with one
 * event on its way at a time would make and end a timer for each. It keeps no process alive; what is under way has a connection
 * that does.
 */
export interface Expiring {
  /** How long it may take. */
  readonly timeoutMs: number;
  /** When it is over, by `performance.now()`; written by `add`. */
  overAtMs: number;
  /** Told once, when it is over; it is no longer there then. */
  expire(): void;
}

export class Deadlines {
  readonly #lines = new Map<number, Line>();
  #size = 0;

  /** How many are under way. */
  get size(): number {
    return this.#size;
  }

  /** Its time counts from now. */
  add(entry: Expiring): void {
    const { timeoutMs } = entry;
    let line = this.#lines.get(timeoutMs);
    if (line === undefined) {
      line = new Line(
        timeoutMs,
        (overdue) => this.#expire(overdue),
        () => this.#lines.delete(timeoutMs),
      );
      this.#lines.set(timeoutMs, line);
    }
    line.add(entry);
    this.#size += 1;
  }

  /** It ended; false where it is not there. */
  delete(entry: Expiring): boolean {
    if (this.#lines.get(entry.timeoutMs)?.delete(entry) !== true) return false;
    this.#size -= 1;
    return true;
  }

  /** All are over now. */
  expireAll(): void {
    for (const line of this.#lines.values()) {
      for (const entry of line.all()) this.#expire(entry);
      line.rest();
    }
  }

  #expire(entry: Expiring): void {
    if (this.delete(entry)) entry.expire();
  }
}

/** Entries of one patience, in the order in which they end. */
class Line {
  readonly #timeoutMs: number;
  readonly #expire: (entry: Expiring) => void;
  readonly #onIdle: () => void;
  readonly #entries = new Set<Expiring>();
  #timer: NodeJS.Timeout | undefined;

  /** `onIdle` is told when its timer ends and no entry is left. */
  constructor(timeoutMs: number, expire: (entry: Expiring) => void, onIdle: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#expire = expire;
    this.#onIdle = onIdle;
  }

  all(): Expiring[] {
    return [...this.#entries];
  }

  add(entry: Expiring): void {
    entry.overAtMs = performance.now() + this.#timeoutMs;
    this.#entries.add(entry);
    if (this.#timer === undefined) this.#lookIn(this.#timeoutMs);
  }

  delete(entry: Expiring): boolean {
    return this.#entries.delete(entry);
  }

  /** Ends its timer where no entry is left. */
  rest(): void {
    if (this.#entries.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#onIdle();
  }

  #lookIn(ms: number): void {
    this.#timer = setTimeout(() => this.#look(), ms).unref();
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const entry of this.#entries) {
      // Timers come up to a millisecond early.
      if (entry.overAtMs > now + 1) {
        // An entry that was added meanwhile, by what another's end led to, has a timer already.
        if (this.#timer === undefined) this.#lookIn(entry.overAtMs - now);
        return;
      }
      this.#expire(entry);
    }
    if (this.#timer === undefined) this.rest();
  }
}
