/**
 * The head check: every few seconds, and at once after the subscription was restored, local users' offsets are compared
 * with their logs' heads, one script call per batch of them. It finds what push alone cannot: a lost message that no later
 * one follows. It also finds a log that ends before what was sent from it, which only a failover or a lost end of the AOF
 * can do.
 *
 * Most of those whom a push has just reached are passed over: it continued where they stand, so nothing was lost up to it.
 * What is lost behind it shows by `prev` of the next push; where none follows, the next check finds nothing fresh and looks.
 * So the check notices a lost push within its interval and FRESH_PUSH_MS. Where anything is known to be lost (a
 * subscription, writes of Redis, the end of some log) it looks at everybody.
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

/** Whom a check looks at: everybody, or everybody but most of those whom a push has just reached. */
type Scope = "all" | "quiet";

/**
 * How old a push may be to stand for a look. By as much later the loss of the one behind it may be noticed, so it is short
 * beside the default interval; and long enough that a user who gets a few events a second is passed over at most checks.
 */
const FRESH_PUSH_MS = 1_000;
/**
 * Of so many checks one looks at a user in any case, so nobody is passed over more often than one less: the number of
 * undelivered events is then at most half a minute old, and a clock that was set back makes nobody fresh for longer.
 */
const TURNS = 6;

export class HeadCheck {
  readonly #store: Store;
  readonly #hub: Hub;
  readonly #metrics: GatewayMetrics;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  #next: Scope | undefined;
  #turn = 0;
  #isClosed = false;

  constructor(store: Store, hub: Hub, metrics: GatewayMetrics, intervalMs: number) {
    this.#store = store;
    this.#hub = hub;
    this.#metrics = metrics;
    this.#timer = setInterval(() => this.check("quiet"), intervalMs);
  }

  /** Checks users; a call during a check makes another follow it. */
  check(scope: Scope = "all"): void {
    if (this.#isClosed) return;
    if (this.#running !== undefined) {
      if (this.#next !== "all") this.#next = scope;
      return;
    }
    this.#running = this.#look(scope).finally(() => {
      this.#running = undefined;
      const next = this.#next;
      this.#next = undefined;
      if (next !== undefined) this.check(next);
    });
  }

  /** Ends the checks and waits for the last one. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#running;
  }

  async #look(scope: Scope): Promise<void> {
    const batches = this.#store.batch(this.#usersOf(scope));
    const results = await Promise.allSettled(batches.map((users) => this.#readHeads(users)));
    const stands: Stand[] = [];
    for (const result of results) {
      if (result.status === "fulfilled") stands.push(...result.value);
      else this.#metrics.storeErrors.inc({ operation: "heads" });
    }
    this.#countUndelivered();
    // First the marks, so that a socket whose log was cut is told once, of both.
    const cut = stands.filter((stand) => this.#isCut(stand));
    const hasNews = await this.#checkHistory(cut);
    for (const { user, head } of stands) this.#hub.announceHead(user, head);
    // Whoever learned of a mark, this check or a socket that came: those that were told of it before are passed over.
    this.#hub.tellMarks();
    if (scope === "quiet" && (hasNews || cut.length > 0)) this.check("all");
  }

  /** Turns go by partition, since in a Cluster a call asks about one: those that are looked at are then looked at whole. */
  #usersOf(scope: Scope): Iterable<LocalUser<UserSocket>> {
    if (scope === "all") return this.#hub.users;
    const turn = this.#turn;
    this.#turn = (turn + 1) % TURNS;
    const oldestFreshMs = Date.now() - FRESH_PUSH_MS;
    return Array.from(this.#hub.users).filter(
      ({ pushedAtMs, keys }) => pushedAtMs <= oldestFreshMs || keys.partition % TURNS === turn,
    );
  }

  /** Of who was passed over as of when they were last looked at. */
  #countUndelivered(): void {
    let undelivered = 0;
    for (const user of this.#hub.users) undelivered += user.undelivered;
    this.#metrics.undelivered.set(undelivered);
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

  /** Notes what was lost, and a change of masters. True where that was news. */
  async #checkHistory(cut: readonly Stand[]): Promise<boolean> {
    const { history } = this.#store;
    try {
      await Promise.all(cut.map(({ user, sent }) => history.raiseFloor(user.keys, sent)));
      return await history.lose(cut.map(({ user }) => user.keys.partition));
    } catch {
      this.#metrics.storeErrors.inc({ operation: "history" });
      return false;
    }
  }
}
