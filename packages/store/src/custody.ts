/**
 * Custody: what the courier needs to take undelivered events out of the log and to end them (DESIGN section 6).
 *
 * Every step is safe to repeat and safe to lose: `unheld` reads, the caller stores the parcel, `hold` commits by
 * compare-and-set. A parcel that no list names has no effect.
 */
import type { Offset } from "@doorstep/protocol";
import type { RedisConnection } from "./connection.ts";
import { toStoreError } from "./connection.ts";
import { type CustodyEntry, formatParcel, type ParcelEntry, parseCustodyEntry } from "./custody-entry.ts";
import { keepMs, type StoreLimits } from "./limit.ts";
import type { Scripts } from "./script.ts";
import { batchUsers } from "./user-batch.ts";
import { dueKey, keysOfUid, type UserKeys } from "./user-key.ts";

/** A logged event that nobody has acknowledged and no parcel holds. */
export interface UnheldEvent {
  readonly offset: Offset;
  readonly isDurable: boolean;
  /** Milliseconds since 1970; 0 for none of its own. */
  readonly expiresAtMs: number;
  /** Running counts of durable events and bytes at this entry. */
  readonly totalCount: number;
  readonly totalBytes: number;
  readonly collapseKey: string;
  readonly body: string;
}

export interface Unheld {
  readonly held: Offset;
  readonly acked: Offset;
  /** Offset of the last durable event. */
  readonly lastDurable: Offset;
  readonly events: readonly UnheldEvent[];
}

const LITTER_PAGE = 100;
/** Due indexes that one call asks, a tenth of a millisecond in which Redis does nothing else. */
const PARTITIONS_AT_ONCE = 128;

/** held: committed. acked: nothing was left to hold. conflict: another courier was first; read again. */
export type HoldOutcome = "held" | "acked" | "conflict";

/** A user that the due index names. */
export interface DueUser {
  readonly keys: UserKeys;
  /** Since when events wait, or when a look was put off to: Redis' clock, milliseconds since 1970. */
  readonly sinceMs: number;
}

/** What waits outside parcels. */
export interface Waiting {
  readonly users: number;
  /** The least `sinceMs` of a due user; Infinity where nobody waits. */
  readonly sinceMs: number;
}

/** By what `look` judges. */
export interface LookTerms {
  /** How long events wait for an acknowledgement before they are held. */
  readonly graceMs: number;
  /** Until the next look at a user who is connected. */
  readonly livePauseMs: number;
  /** Age of the oldest event at which being connected no longer counts. */
  readonly liveHoldMs: number;
  /** Gateways whose notes of sockets are believed. */
  readonly liveGateways: ReadonlySet<string>;
}

/**
 * What is to become of a due user. settled: nothing waits. young: not for long enough. live: a socket is up, and the oldest event
 * not yet old. overdue: to be held. failed: Redis refused to tell.
 */
export type LookOutcome = "settled" | "young" | "live" | "overdue" | "failed";

export interface Look {
  readonly keys: UserKeys;
  readonly outcome: LookOutcome;
  /** Whether parcels that the mailbox let go of are still in BullMQ. */
  readonly hasLitter: boolean;
  /** What Redis said; empty unless it failed. */
  readonly problem: string;
}

export class Custody {
  readonly #redis: RedisConnection;
  readonly #scripts: Scripts;
  readonly #limits: StoreLimits;
  readonly #partitions: number;

  constructor(redis: RedisConnection, scripts: Scripts, limits: StoreLimits, partitions: number) {
    this.#redis = redis;
    this.#scripts = scripts;
    this.#limits = limits;
    this.#partitions = partitions;
  }

  /** All keys of a uid, as the due index and parcels name it. */
  keysOfUid(uid: string): UserKeys {
    return keysOfUid(uid, this.#partitions);
  }

  /** The id by which publishers call a user; undefined where the user's keys have left and the uid does not tell. */
  async userIdOf(keys: UserKeys): Promise<string | undefined> {
    const known = await this.#try(() => this.#redis.hget(keys.user, "user"));
    // A uid of the form `u<user id>` tells it; one that is a hash does not.
    return known ?? (keys.uid.startsWith("u") ? keys.uid.slice(1) : undefined);
  }

  /**
   * Users of some partitions that wait since `beforeMs` or longer, at most `limit`: partition by partition, and within one those
   * first that wait longest. A few calls, in a Cluster one per partition. `onQuiet` is told of each partition that was asked and
   * has nobody who does: since when the first waits there, Infinity where nobody is.
   */
  async due(
    partitions: readonly number[],
    beforeMs: number,
    limit: number,
    onQuiet: (partition: number, sinceMs: number) => void = () => undefined,
  ): Promise<DueUser[]> {
    const users: DueUser[] = [];
    const size = this.#partitionsAtOnce;
    for (let from = 0; from < partitions.length && users.length < limit; from += size) {
      const group = partitions.slice(from, from + size);
      const [flat, firsts] = (await this.#scripts.run("due", group.map(dueKey), [beforeMs, limit - users.length])) as [
        string[],
        string[],
      ];
      for (let i = 0; i + 1 < flat.length; i += 2) {
        users.push({ keys: this.keysOfUid(flat[i] ?? ""), sinceMs: Number(flat[i + 1]) });
      }
      for (const [i, first] of firsts.entries()) {
        const sinceMs = first === "" ? Infinity : Number(first);
        if (sinceMs > beforeMs) onQuiet(group[i] ?? 0, sinceMs);
      }
    }
    return users;
  }

  /** How many due indexes one call may name. */
  get #partitionsAtOnce(): number {
    return this.#scripts.connection.isCluster ? 1 : PARTITIONS_AT_ONCE;
  }

  /**
   * Says of users that `due` named what is to become of them, and puts off who need not be held yet; in the order of `users`.
   * One call, in a Cluster one per partition.
   */
  async look(users: readonly DueUser[], terms: LookTerms): Promise<Look[]> {
    const looks = new Map<DueUser, Look>();
    for (const batch of batchUsers(users, this.#scripts.connection.isCluster)) {
      const reply = (await this.#scripts.run(
        "look",
        batch.flatMap(({ keys }) => [keys.user, keys.log, keys.due, keys.connections]),
        [
          terms.graceMs,
          terms.livePauseMs,
          terms.liveHoldMs,
          terms.liveGateways.size,
          ...terms.liveGateways,
          ...batch.map(({ keys }) => keys.uid),
        ],
      )) as string[];
      for (const [i, user] of batch.entries()) looks.set(user, toLook(user, reply[2 * i] ?? "", reply[2 * i + 1]));
    }
    return users.flatMap((user) => looks.get(user) ?? []);
  }

  /** How many users of some partitions wait at all, and since when the first of them. A few calls, in a Cluster one per partition. */
  async waiting(partitions: readonly number[]): Promise<Waiting> {
    const most = this.#partitionsAtOnce;
    const waiting = { users: 0, sinceMs: Infinity };
    for (let from = 0; from < partitions.length; from += most) {
      const reply = await this.#scripts.run("waiting", partitions.slice(from, from + most).map(dueKey), []);
      const [users, score] = reply as [number, string];
      waiting.users += users;
      if (score !== "") waiting.sinceMs = Math.min(waiting.sinceMs, Number(score));
    }
    return waiting;
  }

  /** Puts the next look at a user off; nothing where the user no longer waits. */
  async postpone(keys: UserKeys, sinceMs: number): Promise<void> {
    await this.#try(() => this.#redis.zadd(keys.due, "XX", sinceMs, keys.uid));
  }

  /** Reads the next events to hold, at most `maxEvents` log entries. */
  async unheld(keys: UserKeys, maxEvents: number): Promise<Unheld> {
    const reply = await this.#scripts.run("unheld", [keys.user, keys.log], [maxEvents]);
    const [held, acked, lastDurable, flat] = reply as [string, string, string, string[]];
    const events: UnheldEvent[] = [];
    for (let i = 0; i + 2 < flat.length; i += 3) {
      const [, , totalCount, totalBytes, letter, expiresAtMs, collapseKey = ""] = (flat[i + 1] ?? "").split(" ");
      events.push({
        offset: flat[i] ?? "",
        isDurable: letter === "d",
        expiresAtMs: Number(expiresAtMs),
        totalCount: Number(totalCount),
        totalBytes: Number(totalBytes),
        collapseKey,
        body: `{${flat[i + 2] ?? ""}`,
      });
    }
    return { held, acked, lastDurable, events };
  }

  /** Commits custody of (expectedHeld, to]; `parcel` is absent where that range had nothing to hold. */
  async hold(keys: UserKeys, expectedHeld: Offset, to: Offset, parcel?: ParcelEntry): Promise<HoldOutcome> {
    const reply = await this.#scripts.run(
      "hold",
      [keys.user, keys.log, keys.due, keys.parcels],
      [
        expectedHeld,
        to,
        parcel === undefined ? "" : formatParcel(parcel),
        keys.uid,
        this.#limits.logMaxEvents,
        this.#limits.logMaxAgeMs,
        keepMs(this.#limits),
      ],
    );
    return reply as HoldOutcome;
  }

  /** Replaces a parcel by a tombstone; false where no list names the parcel any more. */
  async expire(
    keys: UserKeys,
    parcel: ParcelEntry,
    reason: "expired" | "dropped",
    offsets: readonly Offset[],
  ): Promise<boolean> {
    const reply = await this.#scripts.run(
      "expire",
      [keys.user, keys.log, keys.parcels],
      [formatParcel(parcel), parcel.from, parcel.to, reason, parcel.count, parcel.bytes, ...offsets],
    );
    return reply === 1;
  }

  /** Job ids of parcels that the mailbox let go of, oldest first. */
  litter(keys: UserKeys): Promise<string[]> {
    return this.#try(() => this.#redis.lrange(keys.litter, 0, LITTER_PAGE - 1));
  }

  /** Forgets the first `count` of them, which are gone from BullMQ. */
  async clearLitter(keys: UserKeys, count: number): Promise<void> {
    await this.#try(() => this.#redis.ltrim(keys.litter, count, -1));
    if (count < LITTER_PAGE) await this.#try(() => this.#redis.hdel(keys.user, "litter"));
  }

  /** The oldest parcels and tombstones of a user's list, in order, at most `limit`. */
  async entries(keys: UserKeys, limit: number): Promise<CustodyEntry[]> {
    const lines = await this.#try(() => this.#redis.lrange(keys.parcels, 0, limit - 1));
    return lines.flatMap((line) => parseCustodyEntry(line) ?? []);
  }

  /** Whether a user's list names this parcel. */
  async isListed(keys: UserKeys, parcel: ParcelEntry): Promise<boolean> {
    const position = await this.#try(() => this.#redis.lpos(keys.parcels, formatParcel(parcel)));
    return position !== null;
  }

  async #try<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command();
    } catch (error) {
      throw toStoreError(error);
    }
  }
}

function toLook({ keys }: DueUser, line: string, litter: string | undefined): Look {
  const [outcome = "", ...problem] = line.split(" ");
  return { keys, outcome: outcome as LookOutcome, hasLitter: litter === "1", problem: problem.join(" ") };
}
