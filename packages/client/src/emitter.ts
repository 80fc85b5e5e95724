/**
 * Emitter: a list of listeners that cannot hurt each other.
 *
 * A listener that throws, or whose promise rejects, is reported and the next one is called all the same. The same function
 * may be added twice and each addition is taken back on its own; one removed during an emit is not called any more.
 */
export type Unsubscribe = () => void;

/** Where errors go that have no caller to be thrown at. */
export type Report = (error: Error) => void;

interface Entry<A extends readonly unknown[]> {
  readonly fn: (...args: A) => unknown;
  isRemoved: boolean;
}

export class Emitter<A extends readonly unknown[]> {
  readonly #report: Report;
  /** Replaced, never changed, so that an emit goes over the listeners that were there when it began. */
  #entries: readonly Entry<A>[] = [];

  constructor(report: Report) {
    this.#report = report;
  }

  /** Adds a listener; the answer removes it and may be called more than once. */
  add(fn: (...args: A) => unknown): Unsubscribe {
    const added: Entry<A> = { fn, isRemoved: false };
    this.#entries = [...this.#entries, added];
    return () => {
      added.isRemoved = true;
      this.#entries = this.#entries.filter((entry) => entry !== added);
    };
  }

  /** Calls every listener in the order they were added; does not wait for promises. */
  emit(...args: A): void {
    for (const entry of this.#entries) {
      if (entry.isRemoved) continue;
      try {
        const result = entry.fn(...args);
        if (result instanceof Promise) result.catch((error: unknown) => this.#report(toError(error)));
      } catch (error) {
        this.#report(toError(error));
      }
    }
  }
}

/** Makes an Error of anything thrown. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
