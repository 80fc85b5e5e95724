/**
 * The queue of one user's events: a later append starts only after the earlier one has settled, so that a retry can
 * never put an event behind one that was emitted after it. What arrives meanwhile is merged into the next append.
 *
 * An entry is what one caller hands in at once; it is appended whole or not at all. Entries of several callers share an
 * append, so a refusal of a shared append is repeated entry by entry: nobody fails for somebody else's event.
 */
import { type EncodedEvent, LIMITS, type PublishResult, toDoorstepError } from "@doorstep/protocol";
import { isRetried } from "./pending-append.ts";

/** Most characters of event bodies in one append; keeps a single script call short. */
const MAX_BATCH_CHARS = 1_048_576;

type Append = (events: readonly EncodedEvent[]) => Promise<PublishResult[]>;

interface Entry {
  readonly events: readonly EncodedEvent[];
  readonly resolve: (results: PublishResult[]) => void;
  readonly reject: (error: unknown) => void;
}

export class UserQueue {
  readonly #append: Append;
  readonly #onIdle: () => void;
  readonly #waiting: Entry[] = [];
  #isRunning = false;

  constructor(append: Append, onIdle: () => void) {
    this.#append = append;
    this.#onIdle = onIdle;
  }

  /** Queues events behind everything queued before; settles with their append. */
  push(events: readonly EncodedEvent[]): Promise<PublishResult[]> {
    const settled = new Promise<PublishResult[]>((resolve, reject) => {
      this.#waiting.push({ events, resolve, reject });
    });
    if (!this.#isRunning) {
      this.#isRunning = true;
      // One microtask later, so that what is emitted in the same breath shares an append.
      queueMicrotask(() => void this.#run());
    }
    return settled;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, countOfBatch(this.#waiting));
      await this.#settle(batch);
    }
    this.#isRunning = false;
    this.#onIdle();
  }

  async #settle(batch: readonly Entry[]): Promise<void> {
    try {
      const results = await this.#append(batch.flatMap((entry) => entry.events));
      let at = 0;
      for (const entry of batch) entry.resolve(results.slice(at, (at += entry.events.length)));
    } catch (error) {
      if (batch.length > 1 && !isRetried(toDoorstepError(error))) {
        for (const entry of batch) await this.#settle([entry]);
      } else {
        for (const entry of batch) entry.reject(error);
      }
    }
  }
}

/** How many entries fit into one append; at least one. */
function countOfBatch(entries: readonly Entry[]): number {
  let events = 0;
  let chars = 0;
  for (const [index, entry] of entries.entries()) {
    events += entry.events.length;
    for (const event of entry.events) chars += event.body.length;
    if (index > 0 && (events > LIMITS.batchEvents || chars > MAX_BATCH_CHARS)) return index;
  }
  return entries.length;
}
