/** A courier that a test moves on one step at a time, so that any interleaving with others can be played. */
import type { UserKeys } from "@doorstep/store";

import { type HoldOptions, holdUser } from "../../src/hold.ts";

interface Gate {
  readonly passed: Promise<void>;
  open(): void;
  fail(error: Error): void;
}

class Crash extends Error {}

/** Stands between two steps until it is moved on or crashed. */
export class SteppedCourier {
  readonly #options: HoldOptions;
  readonly #keys: UserKeys;
  #run: Promise<void> | undefined;
  /** Where it stands. */
  #before: Gate | undefined;
  /** Opens when it stands again. */
  #after: Gate = createGate();

  constructor(options: HoldOptions, keys: UserKeys) {
    this.#options = options;
    this.#keys = keys;
  }

  /** Starts it, or lets it do its next step; resolves when it stands again or has ended. */
  async step(): Promise<void> {
    this.#after = createGate();
    this.#run ??= this.#start();
    this.#before?.open();
    await Promise.race([this.#run, this.#after.passed]);
  }

  /** Lets it die where it stands. */
  async crash(): Promise<void> {
    this.#before?.fail(new Crash());
    await this.#run;
  }

  async #start(): Promise<void> {
    const onStep = (): Promise<void> => {
      this.#before = createGate();
      this.#after.open();
      return this.#before.passed;
    };
    try {
      await holdUser({ ...this.#options, onStep }, this.#keys);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    } finally {
      this.#run = undefined;
      this.#before = undefined;
    }
  }
}

function createGate(): Gate {
  let open: () => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const passed = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { passed, open, fail };
}
