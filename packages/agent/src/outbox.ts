/**
 * The outbox: what runs have emitted and Redis has not answered yet, in one queue per user.
 *
 * It is bounded (P8): above `maxEvents` over all users `isFull` is true and whoever emits waits for
 * `roomAgain()`. Nothing is dropped. A queue lives only while something is in it.
 */
import type { EncodedEvent, PublishResult, UserId } from "@doorstep/protocol";
import { UserQueue } from "./user-queue.ts";

type Append = (userId: UserId, events: readonly EncodedEvent[]) => Promise<PublishResult[]>;

export class Outbox {
  readonly #append: Append;
  readonly #maxEvents: number;
  readonly #queues = new Map<UserId, UserQueue>();
  #size = 0;
  #wakeUps: (() => void)[] = [];

  constructor(append: Append, maxEvents: number) {
    this.#append = append;
    this.#maxEvents = maxEvents;
  }

  get isFull(): boolean {
    return this.#size >= this.#maxEvents;
  }

  /** Waits until there may be room again. Ask `isFull` again then: whoever waited longer takes it first. */
  roomAgain(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeUps.push(resolve);
    });
  }

  /** Queues events of one user; settles with their append. Takes them also when full: the caller asks first. */
  async push(userId: UserId, events: readonly EncodedEvent[]): Promise<PublishResult[]> {
    this.#size += events.length;
    try {
      return await this.#queueOf(userId).push(events);
    } finally {
      this.#size -= events.length;
      if (!this.isFull) for (const wakeUp of this.#wakeUps.splice(0)) wakeUp();
    }
  }

  #queueOf(userId: UserId): UserQueue {
    const known = this.#queues.get(userId);
    if (known !== undefined) return known;
    const queue = new UserQueue(
      (events) => this.#append(userId, events),
      () => this.#queues.delete(userId),
    );
    this.#queues.set(userId, queue);
    return queue;
  }
}
