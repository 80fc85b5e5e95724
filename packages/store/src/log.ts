/**
 * The log: the truth of what a user was sent (DESIGN section 2). Append, read, acknowledge, ask where users stand.
 *
 * Appends that begin in the same turn share a script call (AppendQueue); all else is one call each. Bodies go in as text and
 * come out as Buffers; nothing here parses one.
 */
import {
  DoorstepError,
  type Durability,
  type EncodedEvent,
  type GapReason,
  isErrorCode,
  LIMITS,
  type Offset,
  type PublishResult,
  utf8Length,
} from "@doorstep/protocol";
import { AppendQueue, type AppendSink, settle } from "./append.ts";
import { type Append, appendArguments, type AppendReply } from "./append-call.ts";
import { type Ack, acknowledge, type AckingClient, type AckResult } from "./ack.ts";
import { type CustodyEntry, parseCustodyEntry } from "./custody-entry.ts";
import { KnownUsers } from "./known-users.ts";
import type { StoreLimits } from "./limit.ts";
import { Replication } from "./replication.ts";
import type { Scripts } from "./script.ts";
import { keysOfUid, type UserKeys, uidOf } from "./user-key.ts";
import type { Witness } from "./witness.ts";

/** How an append is made. */
export interface AppendOptions {
  /** Whether an earlier attempt with the same events may have succeeded. @default false */
  readonly isRetry?: boolean;
  /** Whether to wait for `minReplicas` replicas (StoreLimits). @default "logged" */
  readonly durability?: Durability;
}

/** One event of a page: its offset, and its JSON text after the opening brace, where the offset is to stand. */
export interface LogEntry {
  readonly offset: Offset;
  readonly tail: Buffer;
  /** Of events with one key a reader needs the last only. */
  readonly collapseKey?: string;
}

/** The JSON text of a logged event, without its offset. */
export function bodyOf({ tail }: LogEntry): string {
  return `{${tail.toString()}`;
}

/** A page of a log, read after an offset. */
export interface Page {
  /** The offset read after: what was asked for, resolved. */
  readonly after: Offset;
  /** The last offset of the log at the time of the read. */
  readonly head: Offset;
  readonly acked: Offset;
  /** The last offset that retention removed. */
  readonly trimmed: Offset;
  /** What stands in custody after the offset, in order. */
  readonly custody: readonly CustodyEntry[];
  /** Empty while parcels have to be read first: see `custody` up to `trimmed`. */
  readonly entries: readonly LogEntry[];
  /** What the first of the entries names as the one before it; undefined without one. */
  readonly prev: Offset | undefined;
}

/** Where a user stands. */
export interface Head {
  readonly head: Offset;
  /** Durable events nobody has acknowledged, held or not. */
  readonly undelivered: number;
}

/** What the script answers where the mailbox is full. */
const FULL = "!MAILBOX_FULL";
/** Events that are let go beyond what is needed: a parcel of them. */
const SPARE_EVENTS = 100;

export class Log {
  readonly #scripts: Scripts;
  readonly #queue: AppendQueue;
  readonly #replication: Replication;
  readonly #limits: StoreLimits;
  readonly #partitions: number;
  readonly #users: KnownUsers;
  readonly #witness: Witness;
  readonly #onOverflow: (events: number) => void;

  /** `onOverflow` is told how many events a full mailbox let go of. */
  constructor(
    scripts: Scripts,
    limits: StoreLimits,
    partitions: number,
    witness: Witness,
    onOverflow: (events: number) => void,
  ) {
    this.#scripts = scripts;
    this.#queue = new AppendQueue(scripts, limits, (append, reply) => this.#take(append, reply));
    this.#replication = new Replication(scripts.connection, limits);
    this.#limits = limits;
    this.#partitions = partitions;
    this.#users = new KnownUsers(partitions);
    this.#witness = witness;
    this.#onOverflow = onOverflow;
  }

  /** All keys of a user; throws INVALID_USER. */
  keysOf(userId: string): UserKeys {
    return keysOfUid(uidOf(userId), this.#partitions);
  }

  /**
   * Appends 1 to 1,000 events of one user, all or none, and pushes them to whoever listens (P1).
   * Where the mailbox is full and its policy is drop_oldest, the oldest events go instead, which the user is told of.
   * Throws CONFLICT, TOO_LARGE, MAILBOX_FULL, INVALID_USER, STORE_FULL (nothing was written) and UNAVAILABLE (it may
   * have been: try again with the same events and `isRetry`, which finds ids that the hub made in the recent log).
   * With durability "replicated" the results say how many replicas have what was logged, and too few are
   * UNDER_REPLICATED: it is logged and pushed, and the same retry answers the same offsets. Ephemeral events are not
   * logged, so nothing waits for them.
   */
  append(userId: string, events: readonly EncodedEvent[], options: AppendOptions = {}): Promise<PublishResult[]> {
    return new Promise((resolve, reject) => this.appendTo(userId, events, options, { resolve, reject }));
  }

  /** The same, for a caller that has a promise of its own: every event of a busy publisher passes here. May throw. */
  appendTo(userId: string, events: readonly EncodedEvent[], options: AppendOptions, sink: AppendSink): void {
    const { isRetry = false, durability = "logged" } = options;
    if (events.length === 0 || events.length > LIMITS.batchEvents) {
      throw new DoorstepError("INVALID_REQUEST", `1 to ${LIMITS.batchEvents} events at a time`);
    }
    const user = this.#users.get(userId);
    const isReplicated = durability === "replicated" && events.some(({ delivery }) => delivery !== "ephemeral");
    if (isReplicated) settle(this.#appendReplicated({ user, userId, events, isRetry }), sink);
    else this.#queue.push({ user, userId, events, isRetry, sink });
  }

  /** Makes the answer of an append from the script's; throws what refuses it. */
  #take(append: Append, answer: AppendReply, replicas?: number): PublishResult[] | Promise<PublishResult[]> {
    const { user, events } = append;
    const reply = typeof answer === "string" ? [answer] : answer;
    if (reply[0]?.startsWith("!") === true) return this.#refuse(append, reply, replicas !== undefined);
    this.#note(user.keys, reply);
    const { minReplicas, replicaTimeoutMs } = this.#limits;
    if (replicas !== undefined && replicas < minReplicas) {
      throw new DoorstepError("UNDER_REPLICATED", `${replicas} of ${minReplicas} within ${replicaTimeoutMs} ms`);
    }
    return events.map((event, i) => resultOf(event, reply[i] ?? "", replicas));
  }

  /** Appends anew where room could be made; else throws the refusal. */
  async #refuse(append: Append, reply: readonly string[], isReplicated: boolean): Promise<PublishResult[]> {
    const { user, userId, events, isRetry } = append;
    if (reply[0] !== FULL || !(await this.#makeRoom(user.keys, events))) throw refusal(reply, events, userId);
    return this.append(userId, events, { isRetry, durability: isReplicated ? "replicated" : "logged" });
  }

  /** Lets the oldest undelivered events go where that is the policy; false where nothing could or may go. */
  async #makeRoom(user: UserKeys, events: readonly EncodedEvent[]): Promise<boolean> {
    const { mailboxPolicy, mailboxMaxEvents, mailboxMaxBytes } = this.#limits;
    if (mailboxPolicy !== "drop_oldest") return false;
    const durable = events.filter(({ delivery }) => delivery === "durable");
    const bytes = durable.reduce((sum, { body }) => sum + utf8Length(body), 0);
    if (durable.length > mailboxMaxEvents || bytes > mailboxMaxBytes) return false;
    // Some more than is needed, or every further event would cost a call of its own.
    const spare = Math.min(SPARE_EVENTS, mailboxMaxEvents / 10);
    const [gone] = (await this.#scripts.run(
      "drop",
      [user.user, user.log, user.due, user.parcels, user.litter],
      [
        Math.floor(mailboxMaxEvents - Math.max(durable.length, spare)),
        mailboxMaxBytes - bytes,
        "overflow" satisfies GapReason,
        user.uid,
      ],
    )) as [number, number];
    if (gone > 0) this.#onOverflow(gone);
    return gone > 0;
  }

  /** Remembers the last event that this append wrote. */
  #note(user: UserKeys, reply: readonly string[]): void {
    for (let i = reply.length - 1; i >= 0; i--) {
      const answer = reply[i] ?? "";
      if (answer !== "" && !answer.startsWith("=")) return this.#witness.note(user, answer);
    }
  }

  async #appendReplicated(append: Append): Promise<PublishResult[]> {
    const { keys, args } = appendArguments([append], this.#limits, true);
    const { reply, replicas } = await this.#replication.append(keys, args);
    return this.#take(append, (reply as AppendReply[])[0] ?? [], replicas);
  }

  /**
   * Reads up to `maxEvents` and `maxBytes`, at least one event where there is one: after an offset, after what the user
   * acknowledged (`"acked"`), or after everything (`"$"`), which only tells where the log stands.
   */
  async read(keys: UserKeys, after: Offset | "acked" | "$", maxEvents: number, maxBytes: number): Promise<Page> {
    const reply = (await this.#scripts.runBuffer(
      "read",
      [keys.user, keys.log, keys.parcels],
      [after === "acked" ? "" : after, maxEvents, maxBytes],
    )) as [Buffer, Buffer, Buffer, Buffer, Buffer[], Buffer[], Buffer, (number | Buffer)[]];
    const [from, head, acked, trimmed, custody, flat, prev, collapse] = reply;
    const entries: LogEntry[] = [];
    for (let i = 0; i + 1 < flat.length; i += 2) {
      entries.push({ offset: (flat[i] as Buffer).toString("latin1"), tail: flat[i + 1] as Buffer });
    }
    for (let i = 0; i + 1 < collapse.length; i += 2) {
      const at = collapse[i] as number;
      const entry = entries[at];
      if (entry !== undefined) entries[at] = { ...entry, collapseKey: (collapse[i + 1] as Buffer).toString("latin1") };
    }
    return {
      after: from.toString("latin1"),
      head: head.toString("latin1"),
      acked: acked.toString("latin1"),
      trimmed: trimmed.toString("latin1"),
      custody: custody
        .map((entry) => parseCustodyEntry(entry.toString("latin1")))
        .filter((entry) => entry !== undefined),
      entries,
      prev: prev.length === 0 ? undefined : prev.toString("latin1"),
    };
  }

  /**
   * Acknowledges everything up to an offset, cumulatively; beyond head counts as head. Works when memory is full.
   * The claim of `client` is kept for receipts, also where somebody else was first. Throws UNAVAILABLE.
   */
  async ack(keys: UserKeys, offset: Offset, client?: AckingClient): Promise<AckResult> {
    const [result] = await this.ackAll([{ keys, offset, client }]);
    if (result === undefined) throw new DoorstepError("INTERNAL", "the store answered no result");
    if (result instanceof DoorstepError) throw result;
    return result;
  }

  /**
   * The same for users of one batch (`Store.batch`), in one call. What fails for one fails for no other: its result is the
   * error. Throws UNAVAILABLE where the call failed as a whole.
   */
  ackAll(acks: readonly Ack[]): Promise<(AckResult | DoorstepError)[]> {
    return acknowledge(this.#scripts, acks);
  }

  /** Tells where the users of one batch (`Store.batch`) stand, in one call. */
  async heads(users: readonly UserKeys[]): Promise<Head[]> {
    const reply = (await this.#scripts.run(
      "heads",
      users.map((keys) => keys.user),
      [],
    )) as (string | number)[];
    return users.map((_, i) => ({ head: String(reply[i * 2]), undelivered: Number(reply[i * 2 + 1]) }));
  }
}

function resultOf(event: EncodedEvent, reply: string, replicas: number | undefined): PublishResult {
  if (reply === "") return { id: event.id, offset: null, duplicate: false };
  const duplicate = reply.startsWith("=");
  const result = { id: event.id, offset: duplicate ? reply.slice(1) : reply, duplicate };
  return replicas === undefined ? result : { ...result, replicas };
}

function refusal(reply: readonly string[], events: readonly EncodedEvent[], userId: string): DoorstepError {
  const [code = "", index, message] = reply;
  const known = code.slice(1);
  if (!isErrorCode(known)) return new DoorstepError("INTERNAL", code);
  const event = `event ${events[Number(index)]?.id ?? "?"}`;
  return new DoorstepError(known, known === "MAILBOX_FULL" ? `user ${userId}` : (message?.slice(0, 200) ?? event));
}
