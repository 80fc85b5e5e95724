/**
 * The users that a publisher appended to of late, with the names an append needs. Checking a user id, hashing it and putting
 * names together costs more than looking them up.
 *
 * Bounded without a clock: two generations. A full young one becomes the old one, whose users are forgotten unless they were
 * asked for meanwhile.
 */
import { bulk } from "./script.ts";
import { keysOfUid, type UserKeys, uidOf } from "./user-key.ts";

/** A user's keys, and what every append names, as Redis reads it. */
export interface KnownUser {
  readonly keys: UserKeys;
  /** User hash, log and due index. */
  readonly keysText: string;
  /** Channel and user id. */
  readonly argsText: string;
  /** The last call that was looked through for whom it names twice; see append-merge.ts. */
  call: number;
}

/** Users of one generation: some megabytes for both. */
const MOST_USERS = 4_096;

export class KnownUsers {
  readonly #partitions: number;
  readonly #most: number;
  #young = new Map<string, KnownUser>();
  #old = new Map<string, KnownUser>();

  constructor(partitions: number, most = MOST_USERS) {
    this.#partitions = partitions;
    this.#most = most;
  }

  /** Users remembered. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Answers the names of a user; throws INVALID_USER. */
  get(userId: string): KnownUser {
    const known = this.#young.get(userId);
    if (known !== undefined) return known;
    const user = this.#old.get(userId) ?? this.#make(userId);
    if (this.#young.size >= this.#most) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(userId, user);
    return user;
  }

  #make(userId: string): KnownUser {
    const keys = keysOfUid(uidOf(userId), this.#partitions);
    return {
      keys,
      keysText: bulk(keys.user) + bulk(keys.log) + bulk(keys.due),
      argsText: bulk(keys.channel) + bulk(userId),
      call: 0,
    };
  }
}
