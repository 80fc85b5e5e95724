/** The time an append has: over when the time is up, its signal aborts, or somebody ends it. */
export class Deadline {
  /** Resolves when the time is over; never after `dispose()`. */
  readonly over: Promise<void>;
  readonly end: () => void;
  readonly #signal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  #isOver = false;

  /** `timeoutMs` counts from now. */
  constructor(timeoutMs: number, signal: AbortSignal | undefined) {
    let resolveOver = () => {};
    this.over = new Promise((resolve) => (resolveOver = resolve));
    this.end = () => {
      this.#isOver = true;
      resolveOver();
    };
    this.#signal = signal;
    this.#timer = setTimeout(this.end, timeoutMs);
    if (signal?.aborted === true) this.end();
    else signal?.addEventListener("abort", this.end, { once: true });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Answers what `work` does if that comes in time, else throws what `late` makes; `work` then goes on unheard. */
  async race<T>(work: Promise<T>, late: () => Error): Promise<T> {
    const tooLate = this.over.then((): never => {
      throw late();
    });
    tooLate.catch(() => undefined);
    return Promise.race([work, tooLate]);
  }

  /** Waits, at most until the time is over. */
  async pause(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const rested = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
    await Promise.race([rested, this.over]);
    clearTimeout(timer);
  }

  /** Lets go of the timer and the signal. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.end);
  }
}
