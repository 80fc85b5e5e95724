/**
 * The head check: every few seconds, and at once after the subscription was restored, every local user's offset is
 * compared with the log's head, one script call per batch of them. It finds what push alone cannot: a lost message that no
 * later one follows. It also finds a log that ends before what was sent from it, which only a failover or a lost end of
 * the AOF can do.
 */
import { compareOffsets, type Offset, offsetTimeMs, ZERO_OFFSET } from "@doorstep/protocol";
import type { Head, Store } from "@doorstep/store";
import type { GatewayMetrics } from "../metric.ts";
import type { Hub } from "./hub.ts";
import type { LocalUser } from "./local-user.ts";
import type { UserSocket } from "./user-socket.ts";

/** Where a user's log ends, and what its live sockets had been sent before that was asked. */
interface Stand extends Head {
  readonly user: LocalUser<UserSocket>;
  readonly sent: Offset;
}

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
    const batches = this.#store.batch(this.#hub.users);
    const results = await Promise.allSettled(batches.map((users) => this.#readHeads(users)));
    const stands: Stand[] = [];
    for (const result of results) {
      if (result.status === "fulfilled") stands.push(...result.value);
      else this.#metrics.storeErrors.inc({ operation: "heads" });
    }
    let undelivered = 0;
    for (const stand of stands) undelivered += stand.undelivered;
    this.#metrics.undelivered.set(undelivered);
    // First the marks, so that a socket whose log was cut is told once, of both.
    const cut = stands.filter((stand) => this.#isCut(stand));
    await this.#checkHistory(cut);
    for (const { user, head } of stands) this.#hub.announceHead(user, head);
    // Whoever learned of a mark, this check or a socket that came: those that were told of it before are passed over.
    this.#hub.tellMarks();
  }

  async #readHeads(users: readonly LocalUser<UserSocket>[]): Promise<Stand[]> {
    const sent = users.map((user) => this.#hub.sentOffset(user));
    const heads = await this.#store.log.heads(users.map((user) => user.keys));
    return users.flatMap((user, i) => {
      const head = heads[i];
      if (head === undefined) return [];
      user.undelivered = head.undelivered;
      return [{ user, sent: sent[i] ?? ZERO_OFFSET, ...head }];
    });
  }

  /** Whether the log ends before what was sent from it; not where its keys left in their time. */
  #isCut({ head, sent }: Stand): boolean {
    return compareOffsets(head, sent) < 0 && offsetTimeMs(sent) > Date.now() - this.#store.limits.holdMs;
  }

  /** Notes what was lost, and a change of masters. */
  async #checkHistory(cut: readonly Stand[]): Promise<void> {
    const { history } = this.#store;
    try {
      await Promise.all(cut.map(({ user, sent }) => history.raiseFloor(user.keys, sent)));
      await history.lose(cut.map(({ user }) => user.keys.partition));
    } catch {
      this.#metrics.storeErrors.inc({ operation: "history" });
    }
  }
}
