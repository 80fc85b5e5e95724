/**
 * The head check: every few seconds, and at once after the subscription was restored, every local user's offset is
 * compared with the log's head, one script call per partition. It finds what push alone cannot: a lost message that no
 * later one follows.
 */
import type { Store, UserKeys } from "@doorstep/store";
import type { GatewayMetrics } from "../metric.ts";
import type { Hub } from "./hub.ts";
import type { LocalUser } from "./local-user.ts";
import type { UserSocket } from "./user-socket.ts";

export class HeadCheck {
  readonly #store: Store;
  readonly #hub: Hub;
  readonly #metrics: GatewayMetrics;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  #isAgain = false;

  constructor(store: Store, hub: Hub, metrics: GatewayMetrics, intervalMs: number) {
    this.#store = store;
    this.#hub = hub;
    this.#metrics = metrics;
    this.#timer = setInterval(() => this.check(), intervalMs);
  }

  /** Checks all users; a call during a check makes another follow it. */
  check(): void {
    if (this.#running !== undefined) {
      this.#isAgain = true;
      return;
    }
    this.#running = this.#checkAll().finally(() => {
      this.#running = undefined;
      const isAgain = this.#isAgain;
      this.#isAgain = false;
      if (isAgain) this.check();
    });
  }

  /** Ends the checks and waits for the last one. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#isAgain = false;
    await this.#running;
  }

  async #checkAll(): Promise<void> {
    const byPartition = new Map<number, LocalUser<UserSocket>[]>();
    for (const user of this.#hub.users) {
      const group = byPartition.get(user.keys.partition);
      if (group === undefined) byPartition.set(user.keys.partition, [user]);
      else group.push(user);
    }
    const results = await Promise.allSettled(Array.from(byPartition.values(), (users) => this.#checkPartition(users)));
    for (const result of results) {
      if (result.status === "rejected") this.#metrics.storeErrors.inc({ operation: "heads" });
    }
    let undelivered = 0;
    for (const user of this.#hub.users) undelivered += user.undelivered;
    this.#metrics.undelivered.set(undelivered);
  }

  async #checkPartition(users: readonly LocalUser<UserSocket>[]): Promise<void> {
    const keys: UserKeys[] = users.map((user) => user.keys);
    const heads = await this.#store.log.heads(keys);
    users.forEach((user, i) => {
      const head = heads[i];
      if (head === undefined) return;
      user.undelivered = head.undelivered;
      this.#hub.announceHead(user, head.head);
    });
  }
}
