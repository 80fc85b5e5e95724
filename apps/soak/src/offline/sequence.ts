/** Whether numbered events come in order, each once: what a user who was away has to see. */

export class Sequence {
  readonly #count: number;
  #next = 0;
  #faults = 0;

  /** `count`: how many there are, numbered from 0. */
  constructor(count: number) {
    this.#count = count;
  }

  /** Takes the next number as it came. */
  take(n: number): void {
    if (n === this.#next) this.#next += 1;
    else this.#faults += 1;
  }

  /** Events that came out of order, again, or behind a hole. */
  get faults(): number {
    return this.#faults;
  }

  /** Whether the last one came, behind all others. */
  get isComplete(): boolean {
    return this.#next === this.#count;
  }
}
