/**
 * The time an append has: over when the time is up, its signal aborts, or somebody ends it.
 *
 * Every publish has one, so it makes no promise of its own: it calls back whoever waits at the moment, one at a time.
 */
export class Deadline {
  readonly #signal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort: (() => void) | undefined;
  #isOver = false;
  #onOver: (() => void) | undefined;

  /** `timeoutMs` counts from now. */
  constructor(timeoutMs: number, signal: AbortSignal | undefined) {
    this.#timer = setTimeout(end, timeoutMs, this);
    if (signal === undefined) return;
    this.#signal = signal;
    this.#onAbort = () => this.end();
    if (signal.aborted) this.end();
    else signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  end(): void {
    this.#isOver = true;
    this.#onOver?.();
  }

  /** Answers what `work` does if that comes in time, else throws what `late` makes; `work` then goes on unheard. */
  race<T>(work: Promise<T>, late: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      work.then(resolve, reject);
      this.#onOver = () => reject(late());
      if (this.#isOver) this.#onOver();
    });
  }

  /** Lets go of the timer and the signal. */
  dispose(): void {
    clearTimeout(this.#timer);
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}

function end(deadline: Deadline): void {
  deadline.end();
}
