/** A clock that stands still until the test moves it; chance is a number the test sets. */
import type { Clock } from "../../src/clock.ts";

interface Entry {
  readonly dueMs: number;
  readonly fn: () => void;
}

export class ManualClock implements Clock {
  /** What `random` answers. */
  chance = 0.5;
  #nowMs = 1_000_000;
  #entries: Entry[] = [];

  now(): number {
    return this.#nowMs;
  }

  random(): number {
    return this.chance;
  }

  schedule(fn: () => void, delayMs: number): () => void {
    const entry = { dueMs: this.#nowMs + delayMs, fn };
    this.#entries.push(entry);
    return () => {
      this.#entries = this.#entries.filter((other) => other !== entry);
    };
  }

  /** Waits that are running, in milliseconds from now, shortest first. */
  get waits(): number[] {
    return this.#entries.map(({ dueMs }) => dueMs - this.#nowMs).sort((a, b) => a - b);
  }

  /** Moves time on and calls what falls due, in order. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const next = this.#entries.toSorted((a, b) => a.dueMs - b.dueMs).find(({ dueMs }) => dueMs <= untilMs);
      if (next === undefined) break;
      this.#entries = this.#entries.filter((other) => other !== next);
      this.#nowMs = next.dueMs;
      next.fn();
    }
    this.#nowMs = untilMs;
  }
}
