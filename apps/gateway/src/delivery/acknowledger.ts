/**
 * Acks: cumulative, a user's, from any of the user's sockets (DESIGN section 5).
 *
 * A claim is clamped to what that socket was sent. At most one call per user is under way; claims meanwhile merge into
 * the next, in the name of the furthest one's client, whom receipts then count. A failed call is not repeated by itself:
 * the wish stays and the next ack or pong takes it along, and what stays unacknowledged is delivered again at worst.
 */
import { compareOffsets, minOffset, type Offset, offsetTimeMs } from "@doorstep/protocol";
import type { Mailbox } from "@doorstep/mailbox";
import type { Store } from "@doorstep/store";
import type { GatewayMetrics } from "../metric.ts";
import type { LocalUser } from "./local-user.ts";
import type { UserSocket } from "./user-socket.ts";

export class Acknowledger {
  readonly #store: Store;
  readonly #mailbox: Mailbox;
  readonly #metrics: GatewayMetrics;
  readonly #running = new Set<Promise<void>>();

  constructor(store: Store, mailbox: Mailbox, metrics: GatewayMetrics) {
    this.#store = store;
    this.#mailbox = mailbox;
    this.#metrics = metrics;
  }

  /** Takes a socket's word that everything up to an offset arrived, as far as it was sent there. */
  ack(socket: UserSocket, offset: Offset): void {
    if (!socket.canAck) return;
    const user = socket.user;
    const claim = minOffset(offset, socket.written);
    if (compareOffsets(claim, user.ackWanted) > 0) {
      user.ackWanted = claim;
      user.acker = socket;
    }
    if (user.isAcking || compareOffsets(user.ackWanted, user.acked) <= 0) return;
    const run = this.#run(user).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Waits for the calls under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #run(user: LocalUser<UserSocket>): Promise<void> {
    user.isAcking = true;
    try {
      while (compareOffsets(user.ackWanted, user.acked) > 0) await this.#ackOnce(user, user.ackWanted);
    } catch {
      this.#metrics.storeErrors.inc({ operation: "ack" });
    } finally {
      user.isAcking = false;
    }
  }

  async #ackOnce(user: LocalUser<UserSocket>, wanted: Offset): Promise<void> {
    const { acked, count, released } = await this.#store.log.ack(user.keys, wanted, user.acker);
    // Redis may know a later ack than ours; ours is settled in any case.
    user.acked = compareOffsets(acked, wanted) > 0 ? acked : wanted;
    if (count > 0) {
      this.#metrics.acked.inc(count);
      this.#metrics.ackLatency.observe(Math.max(0, Date.now() - offsetTimeMs(wanted)) / 1_000);
    }
    if (released.length > 0) await this.#mailbox.release(user.keys, released);
  }
}
