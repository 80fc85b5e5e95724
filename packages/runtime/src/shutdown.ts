/**
 * Ordered shutdown with a deadline.
 *
 *   SIGTERM, SIGINT ----------------> run every step, phase by phase --> exit 0 (1 if a step failed)
 *   uncaught exception or rejection -> the same ----------------------> exit 1
 *   a second signal, or the deadline -> exit 1 at once
 *
 * Phases: `refuse` takes no new work, `drain` finishes what is in hand, `close` gives back what the others used.
 * Within a phase steps run one after the other in the order they were added; a failing step is logged and the rest go
 * on. The deadline counts from the beginning of the shutdown and covers all phases.
 */

import type { Logger } from "./logger.ts";

export const SHUTDOWN_PHASES = ["refuse", "drain", "close"] as const;
export type ShutdownPhase = (typeof SHUTDOWN_PHASES)[number];

/** The part of `process` that a shutdown needs. */
export interface ProcessLike {
  on(event: string, listener: (value: unknown) => void): unknown;
  exit(code: number): void;
}

export interface ShutdownOptions {
  readonly logger: Logger;
  /** Milliseconds all steps together may take. */
  readonly timeoutMs: number;
  /** @default the global `process` */
  readonly process?: ProcessLike;
}

interface Step {
  readonly phase: ShutdownPhase;
  readonly name: string;
  readonly run: () => unknown;
}

/** The end of a program: collects steps while it starts, runs them once when it has to stop. */
export class Shutdown {
  readonly #logger: Logger;
  readonly #timeoutMs: number;
  readonly #process: ProcessLike;
  readonly #controller = new AbortController();
  readonly #steps: Step[] = [];
  #current = "";
  #exitCode = 0;
  #running: Promise<void> | undefined;

  constructor({ logger, timeoutMs, process: host = process }: ShutdownOptions) {
    this.#logger = logger;
    this.#timeoutMs = timeoutMs;
    this.#process = host;
  }

  /** Aborted when the shutdown begins: loops end and readiness turns false. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Adds a step. One that is added after the shutdown began still runs if its phase is not over. */
  add(phase: ShutdownPhase, name: string, run: () => unknown): void {
    this.#steps.push({ phase, name, run });
  }

  /** Listens to signals and to uncaught errors of the process; called once. */
  listen(): void {
    for (const signal of ["SIGTERM", "SIGINT"]) this.#process.on(signal, () => this.#handleSignal(signal));
    this.#process.on("uncaughtException", (err) => this.#handleUncaught("uncaught exception", err));
    this.#process.on("unhandledRejection", (err) => this.#handleUncaught("unhandled rejection", err));
  }

  /** Runs all steps and exits; a later call waits for the first and can only raise the exit code. Never rejects. */
  begin(reason: string, exitCode: 0 | 1 = 0): Promise<void> {
    this.#exitCode = Math.max(this.#exitCode, exitCode);
    this.#running ??= this.#run(reason);
    return this.#running;
  }

  async #run(reason: string): Promise<void> {
    this.#logger.info({ reason, timeoutMs: this.#timeoutMs }, "shutting down");
    // Keeps the event loop alive: a step that waits for nothing must not look like a clean end.
    const deadline = setTimeout(() => {
      this.#logger.error({ step: this.#current, timeoutMs: this.#timeoutMs }, "shutdown took too long");
      this.#process.exit(1);
    }, this.#timeoutMs);
    this.#controller.abort(new Error(`shutting down: ${reason}`));
    for (const phase of SHUTDOWN_PHASES) await this.#runPhase(phase);
    clearTimeout(deadline);
    this.#logger.info({ exitCode: this.#exitCode }, "shut down");
    this.#process.exit(this.#exitCode);
  }

  async #runPhase(phase: ShutdownPhase): Promise<void> {
    // An array's iterator also comes to what is pushed while it goes.
    for (const step of this.#steps) {
      if (step.phase !== phase) continue;
      this.#current = step.name;
      try {
        await step.run();
      } catch (err) {
        this.#exitCode = 1;
        this.#logger.error({ err, step: step.name }, "shutdown step failed");
      }
    }
  }

  #handleSignal(signal: string): void {
    if (this.#running === undefined) return void this.begin(signal);
    this.#logger.error({ signal, step: this.#current }, "second signal, exiting at once");
    return this.#process.exit(1);
  }

  #handleUncaught(what: string, err: unknown): void {
    this.#logger.fatal({ err }, what);
    void this.begin(what, 1);
  }
}
