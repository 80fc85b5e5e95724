/**
 * Deadlines of what is under way: each is over once its time is up, unless it ended before.
 *
 * Every publish has one, so a timer is not made for each: those with the same patience are in one line, oldest first, and one
 * timer stands for the first of them. It runs on when that one has ended, also where no other is left: a publisher with one
 * event on its way at a time would make and end a timer for each. It keeps no process alive; what is under way has a connection
 * that does.
 *
 * A line is a list that its entries themselves are. A set that lives long cost each publish of a busy publisher 3 us: whatever
 * was put in, garbage collection had to look at.
 */
export interface Expiring {
  /** How long it may take. */
  readonly timeoutMs: number;
  /** Told once, when it is over; it is no longer there then. */
  expire(): void;
  /** Where it stands; undefined while it does not. */
  place: Place | undefined;
}

/** An entry's place in its line. */
export interface Place {
  readonly line: Line;
  /** When it is over, by `performance.now()`. */
  readonly overAtMs: number;
  before: Expiring | undefined;
  after: Expiring | undefined;
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
    if (entry.place === undefined) return false;
    entry.place.line.delete(entry, entry.place);
    this.#size -= 1;
    return true;
  }

  /** All are over now. */
  expireAll(): void {
    for (const line of this.#lines.values()) line.expireAll();
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
  #first: Expiring | undefined;
  #last: Expiring | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `onIdle` is told when its timer ends and no entry is left. */
  constructor(timeoutMs: number, expire: (entry: Expiring) => void, onIdle: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#expire = expire;
    this.#onIdle = onIdle;
  }

  add(entry: Expiring): void {
    const before = this.#last;
    entry.place = { line: this, overAtMs: performance.now() + this.#timeoutMs, before, after: undefined };
    if (before?.place === undefined) this.#first = entry;
    else before.place.after = entry;
    this.#last = entry;
    if (this.#timer === undefined) this.#lookIn(this.#timeoutMs);
  }

  delete(entry: Expiring, { before, after }: Place): void {
    entry.place = undefined;
    if (before?.place === undefined) this.#first = after;
    else before.place.after = after;
    if (after?.place === undefined) this.#last = before;
    else after.place.before = before;
  }

  /** Also those that are added by what the end of others leads to. */
  expireAll(): void {
    while (this.#first !== undefined) this.#expire(this.#first);
    this.#rest();
  }

  #lookIn(ms: number): void {
    this.#timer = setTimeout(() => this.#look(), ms).unref();
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    // Timers come up to a millisecond early.
    while (this.#first?.place !== undefined && this.#first.place.overAtMs <= now + 1) this.#expire(this.#first);
    if (this.#first?.place === undefined) this.#rest();
    else if (this.#timer === undefined) this.#lookIn(this.#first.place.overAtMs - now);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#onIdle();
  }
}
