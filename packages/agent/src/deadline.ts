/**
 * Deadlines of what is under way: each is over once its time is up, unless it ended before.
 *
 * Every publish has one, so a timer is not made for each: those with the same patience are in one line, oldest first, and one
 * timer stands for the first of them.
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
      line = new Line(timeoutMs, (overdue) => this.#expire(overdue));
      this.#lines.set(timeoutMs, line);
    }
    line.add(entry);
    this.#size += 1;
  }

  /** It ended; false where it is not there. */
  delete(entry: Expiring): boolean {
    const line = this.#lines.get(entry.timeoutMs);
    if (line?.delete(entry) !== true) return false;
    this.#size -= 1;
    if (line.isEmpty) this.#lines.delete(entry.timeoutMs);
    return true;
  }

  /** All are over now. */
  expireAll(): void {
    for (const line of this.#lines.values()) for (const entry of line.all()) this.#expire(entry);
  }

  #expire(entry: Expiring): void {
    if (this.delete(entry)) entry.expire();
  }
}

/** Entries of one patience, in the order in which they end. */
class Line {
  readonly #timeoutMs: number;
  readonly #expire: (entry: Expiring) => void;
  readonly #entries = new Set<Expiring>();
  #timer: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number, expire: (entry: Expiring) => void) {
    this.#timeoutMs = timeoutMs;
    this.#expire = expire;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  all(): Expiring[] {
    return [...this.#entries];
  }

  add(entry: Expiring): void {
    entry.overAtMs = performance.now() + this.#timeoutMs;
    this.#entries.add(entry);
    this.#timer ??= setTimeout(() => this.#look(), this.#timeoutMs);
  }

  /** A timer without entries would keep the process alive. */
  delete(entry: Expiring): boolean {
    const wasThere = this.#entries.delete(entry);
    if (this.isEmpty) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    return wasThere;
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const entry of this.#entries) {
      // Timers come up to a millisecond early.
      if (entry.overAtMs > now + 1) {
        this.#timer ??= setTimeout(() => this.#look(), entry.overAtMs - now);
        return;
      }
      this.#expire(entry);
    }
  }
}
