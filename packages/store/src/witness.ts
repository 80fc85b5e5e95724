/**
 * Witness: what this process knows to be written, and whether it still is.
 *
 * A publisher was answered an offset: it is the only one that knows of an event nobody has seen yet. Redis restarts
 * without the end of its append-only file where power failed, and nothing in it tells. So the last answer of every
 * partition is kept, and after each reconnect those events are looked for. The file is one sequence of all writes: where
 * the last one is there, so are all before it. What an answer never told, such as an event whose answer was lost with the
 * connection, is no promise and is not looked for.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Offset } from "@doorstep/protocol";
import { onReconnect } from "./connection.ts";
import type { History } from "./history.ts";
import type { Scripts } from "./script.ts";
import type { UserKeys } from "./user-key.ts";

/** How long a look that failed waits before the next. */
const RETRY_MS = 500;
/** Looks under way at once, so that a publisher of many partitions does not flood a Redis that has barely come back. */
const LOOKS_AT_ONCE = 64;

export class Witness {
  readonly #scripts: Scripts;
  readonly #history: History;
  /** By partition: whose event was answered last, and its offset. Two maps, since an append must not allocate. */
  readonly #keys = new Map<number, UserKeys>();
  readonly #offsets = new Map<number, Offset>();
  readonly #keepMs: number;
  #isLooking = false;
  #isAgain = false;

  /** `keepMs`: how long keys live at least after an append. */
  constructor(scripts: Scripts, history: History, keepMs: number) {
    this.#scripts = scripts;
    this.#history = history;
    this.#keepMs = keepMs;
    onReconnect(scripts.connection, () => void this.#look());
  }

  /** Takes an answer of Redis. */
  note(keys: UserKeys, offset: Offset): void {
    this.#keys.set(keys.partition, keys);
    this.#offsets.set(keys.partition, offset);
  }

  /** Looks until that went through and no connection came back meanwhile. */
  async #look(): Promise<void> {
    this.#isAgain = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    while (this.#isAgain && this.#scripts.connection.status !== "end") {
      this.#isAgain = false;
      try {
        await this.#lookOnce();
      } catch {
        // Not connected any more, or not served yet.
        this.#isAgain = true;
        await delay(RETRY_MS, undefined, { ref: false });
      }
    }
    this.#isLooking = false;
  }

  async #lookOnce(): Promise<void> {
    const lost = new Map<number, Offset>();
    const partitions = [...this.#keys.keys()];
    for (let i = 0; i < partitions.length; i += LOOKS_AT_ONCE) {
      await Promise.all(
        partitions.slice(i, i + LOOKS_AT_ONCE).map(async (partition) => {
          const offset = await this.#findLost(partition);
          if (offset !== undefined) lost.set(partition, offset);
        }),
      );
    }
    if (lost.size === 0) return;
    await this.#history.lose(lost.keys());
    // Told once; a later answer of the same partition is another matter.
    for (const [partition, offset] of lost) {
      if (this.#offsets.get(partition) === offset) this.#keys.delete(partition);
    }
  }

  /** The last answer of a partition, where its event is gone. */
  async #findLost(partition: number): Promise<Offset | undefined> {
    const keys = this.#keys.get(partition);
    const offset = this.#offsets.get(partition);
    if (keys === undefined || offset === undefined) return undefined;
    const isKnown = await this.#scripts.run("known", [keys.user, keys.log], [offset, this.#keepMs]);
    return isKnown === 1 ? undefined : offset;
  }
}
