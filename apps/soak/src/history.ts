/** The history of one run: every operation in the order it was logged, and what went wrong that is no operation. */
import type { Operation } from "@doorstep/testkit";

/** What a run has logged so far. */
export class History {
  readonly #operations: Operation[] = [];
  readonly #problems: string[] = [];

  get operations(): readonly Operation[] {
    return this.#operations;
  }

  /** What no history tells: a program that ended by itself, a device that was sent away. Each fails the run. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  log(operation: Operation): void {
    this.#operations.push(operation);
  }

  complain(problem: string): void {
    this.#problems.push(problem);
  }
}
