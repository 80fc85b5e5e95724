/**
 * Acks: cumulative, a user's, from any of the user's sockets (DESIGN section 5).
 *
 * A claim is clamped to what that socket was sent. It waits for a moment, so that claims of many users are told in one call;
 * claims of the same user meanwhile merge, in the name of the furthest one's client, whom receipts then count. A claim that is
 * urgent takes along all that wait. At most one call per user is under way. A failed call is not repeated by itself: the wish
 * stays and the next ack or pong takes it along, and what stays unacknowledged is delivered again at worst.
 */
import { compareOffsets, DoorstepError, minOffset, type Offset, offsetTimeMs } from "@doorstep/protocol";
import type { Mailbox } from "@doorstep/mailbox";
import type { AckResult, Store } from "@doorstep/store";
import type { GatewayMetrics } from "../metric.ts";
import type { LocalUser } from "./local-user.ts";
import type { UserSocket } from "./user-socket.ts";

/**
 * How long a claim waits for others. Pongs come one by one, and a call for each costs gateway and Redis several times what one
 * more user in a call does. Short beside the ping interval that a claim has waited for already.
 */
const DELAY_MS = 500;
/** Users of one call, about half a millisecond in which Redis does nothing else. */
const MOST_USERS = 16;

type User = LocalUser<UserSocket>;

export class Acknowledger {
  readonly #store: Store;
  readonly #mailbox: Mailbox;
  readonly #metrics: GatewayMetrics;
  readonly #running = new Set<Promise<void>>();
  /** Users with a claim to be told. */
  #waiting: User[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store, mailbox: Mailbox, metrics: GatewayMetrics) {
    this.#store = store;
    this.#mailbox = mailbox;
    this.#metrics = metrics;
  }

  /** Takes a socket's word that everything up to an offset arrived, as far as it was sent there. */
  ack(socket: UserSocket, offset: Offset, isUrgent = false): void {
    if (!socket.canAck) return;
    const user = socket.user;
    const claim = minOffset(offset, socket.written);
    if (compareOffsets(claim, user.ackWanted) > 0) {
      user.ackWanted = claim;
      user.acker = socket;
    }
    if (compareOffsets(user.ackWanted, user.acked) <= 0) return;
    if (!user.isAcking) this.#wait(user);
    if (isUrgent) this.#tell();
    else this.#timer ??= setTimeout(() => this.#tell(), DELAY_MS).unref();
  }

  /** Tells what waits, and waits for the calls under way. */
  async idle(): Promise<void> {
    while (this.#waiting.length > 0 || this.#running.size > 0) {
      this.#tell();
      await Promise.all(this.#running);
    }
  }

  #wait(user: User): void {
    user.isAcking = true;
    this.#waiting.push(user);
  }

  #tell(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const users = this.#waiting;
    this.#waiting = [];
    for (const batch of this.#store.batch(users, MOST_USERS)) {
      const run = this.#run(batch).finally(() => this.#running.delete(run));
      this.#running.add(run);
    }
  }

  async #run(users: readonly User[]): Promise<void> {
    const wanted = users.map(({ ackWanted }) => ackWanted);
    let results: readonly (AckResult | DoorstepError)[] = [];
    try {
      results = await this.#store.log.ackAll(
        users.map(({ keys, ackWanted: offset, acker: client }) => ({ keys, offset, client })),
      );
    } catch {
      // Counted for each user below.
    }
    await Promise.all(users.map((user, i) => this.#settle(user, wanted[i] ?? user.acked, results[i])));
  }

  /** Takes what became of a user's claim. */
  async #settle(user: User, wanted: Offset, result: AckResult | DoorstepError | undefined): Promise<void> {
    user.isAcking = false;
    if (result === undefined || result instanceof DoorstepError) {
      this.#metrics.storeErrors.inc({ operation: "ack" });
      return;
    }
    const { acked, count, released } = result;
    // Redis may know a later ack than ours; ours is settled in any case.
    user.acked = compareOffsets(acked, wanted) > 0 ? acked : wanted;
    if (count > 0) {
      this.#metrics.acked.inc(count);
      this.#metrics.ackLatency.observe(Math.max(0, Date.now() - offsetTimeMs(wanted)) / 1_000);
    }
    const { acker } = user;
    if (acker !== undefined) this.ack(acker, user.ackWanted);
    try {
      if (released.length > 0) await this.#mailbox.release(user.keys, released);
    } catch {
      this.#metrics.storeErrors.inc({ operation: "ack" });
    }
  }
}
