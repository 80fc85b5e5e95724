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
  /** Whether parcels that the mailbox let go of are still in BullMQ. */
  readonly hasLitter: boolean;
}

const LITTER_PAGE = 100;

/** held: committed. acked: nothing was left to hold. conflict: another courier was first; read again. */
export type HoldOutcome = "held" | "acked" | "conflict";

/** A user that the due index names. */
export interface DueUser {
  readonly keys: UserKeys;
  /** Since when events wait, or when a look was put off to: Redis' clock, milliseconds since 1970. */
  readonly sinceMs: number;
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
   * Those of some partitions in which a user waits since `beforeMs` or longer, in one call. In a Cluster all of them, unasked:
   * a call touches one partition there, and `due` tells more for the same.
   */
  async duePartitions(partitions: readonly number[], beforeMs: number): Promise<readonly number[]> {
    if (this.#scripts.connection.isCluster) return partitions;
    const reply = (await this.#scripts.run("due", partitions.map(dueKey), [beforeMs])) as number[];
    return partitions.filter((_, i) => reply[i] === 1);
  }

  /** Users of one partition that wait since `beforeMs` or longer, longest first, at most `limit`. */
  async due(partition: number, beforeMs: number, limit: number): Promise<DueUser[]> {
    const flat = await this.#try(() =>
      this.#redis.zrangebyscore(dueKey(partition), "-inf", beforeMs, "WITHSCORES", "LIMIT", 0, limit),
    );
    const users: DueUser[] = [];
    for (let i = 0; i + 1 < flat.length; i += 2) {
      users.push({ keys: this.keysOfUid(flat[i] ?? ""), sinceMs: Number(flat[i + 1]) });
    }
    return users;
  }

  /** Number of users of one partition that wait at all. */
  countDue(partition: number): Promise<number> {
    return this.#try(() => this.#redis.zcard(dueKey(partition)));
  }

  /** The score of the user of one partition that waits longest, as in `due`; undefined where none waits. */
  async oldestDueMs(partition: number): Promise<number | undefined> {
    const [, score] = await this.#try(() => this.#redis.zrange(dueKey(partition), "0", "0", "WITHSCORES"));
    return score === undefined ? undefined : Number(score);
  }

  /** Puts the next look at a user off; nothing where the user no longer waits. */
  async postpone(keys: UserKeys, sinceMs: number): Promise<void> {
    await this.#try(() => this.#redis.zadd(keys.due, "XX", sinceMs, keys.uid));
  }

  /** Takes a user off the index whose keys no longer say that anything waits, for instance because they expired. */
  async forget(keys: UserKeys): Promise<void> {
    await this.#scripts.run("forget", [keys.user, keys.due], [keys.uid]);
  }

  /** Reads the next events to hold, at most `maxEvents` log entries. */
  async unheld(keys: UserKeys, maxEvents: number): Promise<Unheld> {
    const reply = await this.#scripts.run("unheld", [keys.user, keys.log], [maxEvents]);
    const [held, acked, lastDurable, flat, litter] = reply as [string, string, string, string[], string];
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
        body: flat[i + 2] ?? "",
      });
    }
    return { held, acked, lastDurable, events, hasLitter: litter === "1" };
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
