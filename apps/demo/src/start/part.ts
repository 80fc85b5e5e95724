/**
 * A part of the local system: one process that is started, watched, and brought back when it dies.
 *
 * People are meant to `kill -9` parts and watch. A death is told in one line and the part is started again in the same
 * place; more than MAX_RESTARTS within a minute means that something is wrong with it, and it stays down.
 */

/** A process, as far as a part needs it. */
export interface PartProcess {
  readonly pid: number;
  /** Resolves when it has ended, with how. */
  readonly exited: Promise<string>;
  readonly stop: () => Promise<unknown>;
}

/** What a part is. */
export interface PartPlan {
  readonly name: string;
  /** What it is, for the table. */
  readonly about: string;
  /** Where it listens; absent: nowhere people go. */
  readonly url?: string;
  /** Starts it and resolves when it is ready; throws with a reason. */
  readonly launch: () => Promise<PartProcess>;
}

const MAX_RESTARTS = 5;
const WINDOW_MS = 60_000;

export class Part {
  readonly plan: PartPlan;
  readonly #say: (line: string) => void;
  readonly #restartsAtMs: number[] = [];
  #process: PartProcess | undefined;
  #launching: Promise<PartProcess> | undefined;
  #isStopping = false;

  constructor(plan: PartPlan, say: (line: string) => void) {
    this.plan = plan;
    this.#say = say;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts the process and watches it from then on. */
  async start(): Promise<void> {
    this.#watch(await this.#launch());
  }

  /** Stops it, also while it is starting, and does not bring it back. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    // A launch that fails has told its caller.
    const running = await this.#launching?.catch(() => undefined);
    await running?.stop();
  }

  async #launch(): Promise<PartProcess> {
    this.#launching = this.plan.launch();
    this.#process = await this.#launching;
    return this.#process;
  }

  #watch({ exited }: PartProcess): void {
    void exited.then((how) => this.#handleExit(how));
  }

  async #handleExit(how: string): Promise<void> {
    if (this.#isStopping) return;
    const now = performance.now();
    this.#restartsAtMs.push(now);
    const recent = this.#restartsAtMs.filter((atMs) => now - atMs < WINDOW_MS).length;
    if (recent > MAX_RESTARTS) {
      this.#say(`${this.plan.name} died again (${how}); it stays down, see its log`);
      return;
    }
    this.#say(`${this.plan.name} died (${how}), starting it again ...`);
    try {
      const running = await this.#launch();
      if (!this.#isStopping) this.#say(`${this.plan.name} is back, pid ${running.pid}`);
      // Only now, so that it is not told to be back after it was told to have died.
      this.#watch(running);
    } catch (error) {
      if (this.#isStopping) return;
      const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
      await this.#handleExit(reason);
    }
  }
}
