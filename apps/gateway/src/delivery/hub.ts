/**
 * The hub: this gateway's users, their sockets, and the path of an event from Redis to them.
 *
 *   push -> signal per socket -> table -> the live ones are queued for the user's frame -> one flush per tick
 *
 * Everything else (connect, a lost push, a slow reader, a failover) is a socket that leaves LIVE and reads the log from
 * its offset. Before any socket of a user enters or leaves LIVE, the user's pending frame is flushed, so that a frame
 * only ever goes to the sockets it was queued for.
 */
import { compareOffsets, maxOffset, type Offset, offsetTimeMs, ZERO_OFFSET } from "@doorstep/protocol";
import type { PushMessage, Store, Subscriber, UserKeys } from "@doorstep/store";
import type { GatewayMetrics } from "../metric.ts";
import type { CatchUp, CatchUpPage } from "./catch-up.ts";
import { type Signal, signalOfHead, signalOfPage, signalOfPush, TABLE } from "./delivery-state.ts";
import { buildFrame } from "./frame.ts";
import { LocalUser } from "./local-user.ts";
import { Tally } from "./tally.ts";
import type { CatchUpCause, UserSocket } from "./user-socket.ts";

export interface HubOptions {
  readonly store: Store;
  readonly subscriber: Subscriber;
  readonly catchUp: CatchUp;
  readonly metrics: GatewayMetrics;
  /** Backlog above which a socket leaves LIVE, in bytes. */
  readonly socketBudgetBytes: number;
  /** Called when a socket has caught up for the first time. */
  readonly onReady: (socket: UserSocket) => void;
  /** Called with what a page says the user has acknowledged, before the page is written. */
  readonly onFirstPage: (socket: UserSocket, page: CatchUpPage) => void;
}

/** How long a socket whose read failed waits before the next. */
const READ_RETRY_MS = 500;

export class Hub {
  readonly #options: HubOptions;
  readonly #users = new Map<string, LocalUser<UserSocket>>();
  readonly #tally: Tally;
  #dirty: LocalUser<UserSocket>[] = [];

  constructor(options: HubOptions) {
    this.#options = options;
    this.#tally = new Tally(options.metrics);
  }

  /** The users with sockets here. */
  get users(): Iterable<LocalUser<UserSocket>> {
    return this.#users.values();
  }

  get userCount(): number {
    return this.#users.size;
  }

  /** The local user of these keys, made and subscribed if this is the first socket. */
  join(keys: UserKeys): LocalUser<UserSocket> {
    const known = this.#users.get(keys.channel);
    if (known !== undefined) return known;
    const user = new LocalUser<UserSocket>(keys, this.#options.subscriber.subscribe(keys));
    // Whoever attaches awaits it; a user whose sockets left before that must not end the process.
    user.subscribed.catch(() => this.#options.metrics.storeErrors.inc({ operation: "subscribe" }));
    this.#users.set(keys.channel, user);
    return user;
  }

  /** Starts delivery to a socket. Throws UNAVAILABLE where its user's channel could not be subscribed. */
  async attach(socket: UserSocket): Promise<void> {
    const { user, start } = socket;
    const { history } = this.#options.store;
    user.sockets.add(socket);
    this.#options.metrics.catchUps.inc({ cause: "connect" });
    // Subscribed and confirmed before the first read, or an event between the two would be lost.
    await Promise.all([user.subscribed, history.settle()]);
    socket.told = this.#toldAt(start, history.markOf(user.keys.partition));
    if (socket.phase !== "closed") await this.#read(socket);
  }

  /**
   * What a socket that starts there needs no word of. Who resumes from before a mark may have missed what it stands for; so
   * may who comes without an offset, for as long as devices may resume at all.
   */
  #toldAt(start: Offset | "acked" | "$", mark: Offset): Offset {
    if (start === "$") return mark;
    if (start === "acked")
      return offsetTimeMs(mark) < Date.now() - this.#options.store.limits.logMaxAgeMs ? mark : ZERO_OFFSET;
    return compareOffsets(start, mark) >= 0 ? mark : ZERO_OFFSET;
  }

  /** Ends delivery to a socket; the last one of a user ends the subscription. */
  detach(socket: UserSocket): void {
    const user = socket.user;
    this.#apply(socket, "close");
    user.sockets.delete(socket);
    if (user.sockets.size > 0 || this.#users.get(user.keys.channel) !== user) return;
    this.#users.delete(user.keys.channel);
    void this.#options.subscriber.unsubscribe(user.keys);
  }

  /** Takes a message of a user's channel. */
  push(channel: string, push: PushMessage): void {
    const user = this.#users.get(channel);
    if (user === undefined) {
      this.#options.metrics.pushMessages.inc({ kind: "unknown" });
      return;
    }
    this.#tally.messages += 1;
    this.#tally.pushed += push.count;
    if (push.prev === undefined || push.last === undefined) {
      user.ephemeral.push(push.events);
      user.ephemeralCount += push.count;
    } else this.#pushLogged(user, push.prev, push.last, push);
    this.#markDirty(user);
  }

  #pushLogged(user: LocalUser<UserSocket>, prev: Offset, last: Offset, push: PushMessage): void {
    if (user.pendingCount > 0 && user.pendingLast !== prev) this.#flush(user);
    let isWritten = false;
    let hasNewcomer = false;
    // First those that leave LIVE, since leaving flushes what the others are queued for.
    for (const socket of user.sockets) {
      if (socket.phase !== "live") socket.announced = maxOffset(socket.announced, last);
      else if (socket.offset !== prev) this.#apply(socket, signalOfPush(socket.offset, prev, last), "push_lost");
      else if (!socket.isQueued) hasNewcomer = true;
    }
    // One that has got by reading what the others are queued for joins a frame of its own.
    if (hasNewcomer && user.pendingCount > 0) this.#flush(user);
    for (const socket of user.sockets) {
      if (socket.phase !== "live" || socket.offset !== prev) continue;
      if (!this.#apply(socket, "push-next")) continue;
      socket.offset = last;
      socket.isQueued = true;
      isWritten = true;
    }
    if (!isWritten) return;
    if (user.pendingCount === 0) user.pendingFirst = last;
    user.pending.push(push.events);
    user.pendingCount += push.count;
    user.pendingLast = last;
  }

  /** Tells where a user's log ends: from a head check, or after the subscription was restored. */
  announceHead(user: LocalUser<UserSocket>, head: Offset): void {
    for (const socket of user.sockets) {
      if (socket.phase !== "live") socket.announced = maxOffset(socket.announced, head);
      // On a mark a socket stands above its log, and nothing is wrong.
      else if (!socket.isOnMark || compareOffsets(head, socket.offset) > 0) {
        this.#apply(socket, signalOfHead(socket.offset, head), "head_check");
      }
    }
  }

  /** The furthest offset that live sockets of a user were sent from its log; the zero offset where none is live. */
  sentOffset(user: LocalUser<UserSocket>): Offset {
    let sent: Offset = ZERO_OFFSET;
    for (const socket of user.sockets) {
      if (socket.phase === "live" && !socket.isOnMark) sent = maxOffset(sent, socket.offset);
    }
    return sent;
  }

  /** Makes every live socket that was not told of a mark read, so that it is. */
  tellMarks(): void {
    for (const user of this.#users.values()) {
      for (const socket of user.sockets) {
        if (socket.phase === "live" && this.#isUntold(socket)) this.#apply(socket, "head-behind", "failover");
      }
    }
  }

  #isUntold({ told, user }: UserSocket): boolean {
    return compareOffsets(told, this.#options.store.history.markOf(user.keys.partition)) < 0;
  }

  /** Tells that a socket's connection has drained. */
  drained(socket: UserSocket): void {
    if (socket.phase === "waiting" && socket.backlogBytes <= this.#options.socketBudgetBytes / 2) {
      this.#apply(socket, "drained");
    }
  }

  /** Takes the table's step; true where a push is to be written. */
  #apply(socket: UserSocket, signal: Signal, cause: CatchUpCause = "slow"): boolean {
    const before = socket.phase;
    const { phase, action } = TABLE[before][signal];
    if ((before === "live") !== (phase === "live")) this.#flush(socket.user);
    socket.phase = phase;
    if (before === "live" && (phase === "reading" || phase === "waiting"))
      this.#options.metrics.catchUps.inc({ cause });
    if (phase !== "waiting") socket.waitingSinceMs = 0;
    else if (before !== "waiting") socket.waitingSinceMs = Date.now();
    if (action === "read") void this.#read(socket);
    if (action === "go-live" && !socket.isReady) {
      socket.isReady = true;
      this.#options.onReady(socket);
    }
    return action === "write";
  }

  async #read(socket: UserSocket): Promise<void> {
    const { catchUp, metrics, socketBudgetBytes } = this.#options;
    // What was announced before is in the log that is read now, or lost.
    socket.announced = ZERO_OFFSET;
    let page: CatchUpPage;
    try {
      const { hasPage: isSent, told } = socket;
      page = await catchUp.read(socket.user.keys, { after: isSent ? socket.offset : socket.start, told, isSent });
    } catch {
      metrics.storeErrors.inc({ operation: "read" });
      this.#apply(socket, "page-failed");
      setTimeout(() => this.#apply(socket, "drained"), READ_RETRY_MS).unref();
      return;
    }
    if (socket.phase !== "reading") return;
    if (!socket.hasPage) {
      socket.since = page.from;
      this.#options.onFirstPage(socket, page);
      socket.hasPage = true;
    }
    this.#writePage(socket, page);
    const isOverBudget = socket.backlogBytes > socketBudgetBytes;
    const signal = signalOfPage(socket.offset, page.head, socket.announced, isOverBudget);
    // A mark may have come while the page was read; only live sockets were made to read by it.
    this.#apply(socket, signal === "page-end" && this.#isUntold(socket) ? "page-more" : signal);
  }

  #writePage(socket: UserSocket, page: CatchUpPage): void {
    const { metrics } = this.#options;
    if (page.isForeign === true) socket.user.rewind(page.acked);
    for (const item of page.items) {
      if (item.kind === "events") {
        socket.sendEvents(buildFrame("events", item.chunks), item.last, item.chunks.length);
        socket.replayed += item.chunks.length;
        metrics.frames.inc();
        metrics.delivered.inc({ path: "catch_up" }, item.chunks.length);
      } else {
        metrics.gaps.inc({ reason: item.gap.reason });
        socket.isRecovered = false;
        socket.since = item.gap.to;
        socket.socket.emit("gap", item.gap);
        socket.written = item.gap.to;
        socket.marks?.rewind(item.gap.to);
      }
    }
    socket.offset = page.to;
    socket.written = maxOffset(socket.written, page.to);
    if (page.told !== undefined) socket.told = page.told;
  }

  #markDirty(user: LocalUser<UserSocket>): void {
    if (user.isDirty) return;
    user.isDirty = true;
    this.#dirty.push(user);
    if (this.#dirty.length === 1) process.nextTick(this.#flushAll);
  }

  readonly #flushAll = (): void => {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const user of dirty) {
      user.isDirty = false;
      this.#flush(user);
      this.#flushEphemeral(user);
    }
  };

  /** Writes the user's pending frame to the sockets it was queued for. */
  #flush(user: LocalUser<UserSocket>): void {
    if (user.pendingCount === 0) return;
    const { metrics, socketBudgetBytes } = this.#options;
    const frame = buildFrame("events", user.pending);
    const { pendingLast: last, pendingCount: count, pendingFirst: first } = user;
    user.pending = [];
    user.pendingCount = 0;
    user.pushedAtMs = Date.now();
    if (this.#tally.isSampled) metrics.writeLatency.observe(Math.max(0, user.pushedAtMs - offsetTimeMs(first)) / 1_000);
    for (const socket of user.sockets) {
      if (!socket.isQueued) continue;
      socket.isQueued = false;
      socket.sendEvents(frame, last, count);
      this.#tally.frames += 1;
      this.#tally.delivered += count;
      if (socket.backlogBytes > socketBudgetBytes) this.#apply(socket, "slow", "slow");
    }
  }

  #flushEphemeral(user: LocalUser<UserSocket>): void {
    if (user.ephemeral.length === 0) return;
    const { metrics, socketBudgetBytes } = this.#options;
    const frame = buildFrame("ephemeral", user.ephemeral);
    const count = user.ephemeralCount;
    user.ephemeral = [];
    user.ephemeralCount = 0;
    for (const socket of user.sockets) {
      if (socket.phase !== "live" || socket.backlogBytes > socketBudgetBytes) metrics.ephemeralDropped.inc(count);
      else socket.send(frame);
    }
  }
}
