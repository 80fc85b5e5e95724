/**
 * The gateway's lease: while it lives, couriers believe the presence notes this gateway wrote. A killed gateway's notes
 * end with it, so nobody stays "online" whom no process holds.
 */
import type { Store } from "@doorstep/store";
import type { GatewayMetrics } from "../metric.ts";
import type { UserSocket } from "../delivery/user-socket.ts";

/** How often all notes are written anew; they live four times as long. */
const REPEAT_NOTES_MS = 12 * 3_600_000;
const NOTES_AT_ONCE = 100;

export interface LeaseOptions {
  readonly store: Store;
  readonly gatewayId: string;
  readonly leaseMs: number;
  readonly info: string;
  readonly metrics: GatewayMetrics;
  readonly sockets: ReadonlySet<UserSocket>;
}

export class Lease {
  readonly #options: LeaseOptions;
  readonly #timers: NodeJS.Timeout[];

  private constructor(options: LeaseOptions) {
    this.#options = options;
    const failed = (): void => options.metrics.storeErrors.inc({ operation: "presence" });
    this.#timers = [
      setInterval(() => void this.#renew().catch(failed), options.leaseMs / 3),
      setInterval(() => void this.#repeatNotes().catch(failed), REPEAT_NOTES_MS),
    ];
  }

  /** Takes the lease; throws UNAVAILABLE. It stands before the first socket is noted. */
  static async start(options: LeaseOptions): Promise<Lease> {
    await options.store.presence.renewLease(options.gatewayId, options.leaseMs, options.info);
    return new Lease(options);
  }

  /** Gives the lease back. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#options.store.presence.endLease(this.#options.gatewayId);
  }

  #renew(): Promise<void> {
    const { store, gatewayId, leaseMs, info } = this.#options;
    return store.presence.renewLease(gatewayId, leaseMs, info);
  }

  async #repeatNotes(): Promise<void> {
    const { store, gatewayId, sockets } = this.#options;
    const all = [...sockets];
    for (let i = 0; i < all.length; i += NOTES_AT_ONCE) {
      const some = all.slice(i, i + NOTES_AT_ONCE);
      await Promise.all(some.map(({ user, socket }) => store.presence.connected(user.keys, socket.id, gatewayId)));
    }
  }
}
