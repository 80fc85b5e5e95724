/**
 * A member: one gateway or courier of the hub under test, over all its restarts at the same address.
 *
 * It may die only when the harness says so: an end that nobody asked for is a problem of the run, and so is what a program
 * writes that is no line of its log (a stack trace, a warning of Node).
 */
import { once } from "node:events";
import type { Program } from "@doorstep/testkit";

import type { History } from "./history.ts";

/** One running process of a member. */
export interface MemberProcess {
  readonly program: Program;
}

/** Starts a process of a member, at the place of the one before, with further settings. */
export type StartMember<P> = (at: P | undefined, env: Readonly<Record<string, string>>) => Promise<P>;

export class Member<P extends MemberProcess = MemberProcess> {
  readonly name: string;
  readonly #start: StartMember<P>;
  readonly #history: History;
  #process: P;
  #isDoomed = false;

  private constructor(name: string, history: History, start: StartMember<P>, process: P) {
    this.name = name;
    this.#history = history;
    this.#start = start;
    this.#process = process;
    this.#watch();
  }

  /** Starts a member. */
  static async start<P extends MemberProcess>(
    name: string,
    history: History,
    start: StartMember<P>,
  ): Promise<Member<P>> {
    return new Member(name, history, start, await start(undefined, {}));
  }

  get process(): P {
    return this.#process;
  }

  get pid(): number {
    return this.#process.program.pid;
  }

  /** Sends a signal that is not meant to end it. */
  async signal(name: "SIGSTOP" | "SIGCONT"): Promise<void> {
    await this.#process.program.kill(name);
  }

  /** Sends SIGUSR2, for which a module that it preloads waits. */
  poke(): void {
    process.kill(this.pid, "SIGUSR2");
  }

  /** Pokes it and tells whether it dies of that in time; by SIGKILL, since anything else is not what was asked for. */
  async diesOfPoke(timeoutMs: number): Promise<boolean> {
    this.#isDoomed = true;
    this.poke();
    const inTime = AbortSignal.timeout(timeoutMs);
    const tooLate = once(inTime, "abort").then(() => undefined);
    const exit = await Promise.race([this.#process.program.exited, tooLate]);
    return exit?.signal === "SIGKILL";
  }

  /** Kills it, by SIGKILL, and waits for its end. */
  async kill(): Promise<void> {
    this.#isDoomed = true;
    await this.#process.program.kill("SIGKILL");
  }

  /** Asks it to end, and complains where it does not end well. */
  async drain(): Promise<void> {
    this.#isDoomed = true;
    const { code, signal } = await this.#process.program.stop();
    if (code !== 0) this.#history.complain(`${this.name} ended with ${signal ?? `code ${code}`} after SIGTERM`);
  }

  /** Starts it again at its address; it must have ended. `env` holds for this life only. */
  async restart(env: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#process = await this.#start(this.#process, env);
    this.#isDoomed = false;
    this.#watch();
  }

  /** From now on it may end. */
  release(): void {
    this.#isDoomed = true;
  }

  #watch(): void {
    const { program } = this.#process;
    const report = async (): Promise<void> => {
      const { code, signal } = await program.exited;
      if (this.#isDoomed && program === this.#process.program) return;
      const lines = program.lines.slice(-15).map(({ text }) => text);
      this.#history.complain([`${this.name} ended by itself: ${signal ?? `code ${code}`}`, ...lines].join("\n"));
    };
    void report();
  }
}
