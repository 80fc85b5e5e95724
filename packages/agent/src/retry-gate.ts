/**
 * The retry gate: where appends wait that failed and may succeed later, all of a hub's together. It opens for all at once:
 * after a pause, or as soon as Redis is there again. They go on in the order in which they were first tried, not in that in
 * which they failed: calls that a lost connection took with it tell so in any order.
 *
 * What comes for a user of whom something waits here waits behind it, so that a retry never puts an event behind a later one
 * of the same user. Others pass by.
 */
import type { UserId } from "@doorstep/protocol";

const BACK_OFF_BASE_MS = 50;
const BACK_OFF_CAP_MS = 2_000;

/** Full jitter: anything from no pause to the exponential bound, in milliseconds. `random` is from 0 to 1. */
export function backOffMs(tries: number, random: number): number {
  return random * Math.min(BACK_OFF_CAP_MS, BACK_OFF_BASE_MS * 2 ** tries);
}

interface Waiting {
  /** Place in the order of all appends. */
  readonly turn: number;
  readonly resolve: () => void;
}

export class RetryGate {
  #waiting: Waiting[] = [];
  readonly #users = new Set<UserId>();
  #timer: NodeJS.Timeout | undefined;

  /** Whether something of this user waits. */
  holds(userId: UserId): boolean {
    return this.#users.has(userId);
  }

  /** Resolves when the gate opens. The one that comes first decides how long that takes, by its tries so far. */
  wait(userId: UserId, turn: number, tries: number): Promise<void> {
    this.#users.add(userId);
    this.#timer ??= setTimeout(() => this.open(), backOffMs(tries, Math.random()));
    return new Promise((resolve) => this.#waiting.push({ turn, resolve }));
  }

  /** Lets all go on, by their turns. */
  open(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#users.clear();
    const waiting = this.#waiting.toSorted((a, b) => a.turn - b.turn);
    this.#waiting = [];
    for (const { resolve } of waiting) resolve();
  }
}
