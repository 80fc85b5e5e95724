/** Stands for `process`: signals are emitted on it, and the first exit resolves `exited` instead of ending the tests. */

import { EventEmitter } from "node:events";

import type { MainProcess } from "../../src/run-main.ts";

import { createLines } from "./lines.ts";
import type { Lines } from "./lines.ts";

export class FakeProcess extends EventEmitter implements MainProcess {
  readonly stdout: Lines = createLines();
  readonly stderr: Lines = createLines();
  readonly exited: Promise<number>;
  readonly exits: number[] = [];
  exitCode: number | string | null | undefined;
  #resolve: (code: number) => void = () => undefined;

  constructor() {
    super();
    this.exited = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  exit(code: number): void {
    this.exits.push(code);
    this.#resolve(code);
  }
}
