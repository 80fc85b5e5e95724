/**
 * From a user id to everything Redis calls that user: uid, partition, keys and channel. P4 starts here.
 *
 * A uid is a canonical, safe form of the user id: `u` and the id itself where it is short and plain, else `h` and a
 * SHA-256 in base64url. The first letter keeps the two forms apart, so the mapping is injective (up to SHA-256), of
 * bounded length, and knows no brace, colon or space. The partition is CRC16(uid) modulo the partition count, and its
 * hash tag stands in every key of the user, so one script may touch them all in a Cluster.
 */
import { createHash } from "node:crypto";
import calculateSlot from "cluster-key-slot";
import { DoorstepError, LIMITS, utf8Length } from "@doorstep/protocol";

/** Number of partitions unless configured otherwise; recorded in Redis at the first start. */
export const DEFAULT_PARTITIONS = 1024;

/** Every name that Redis has for one user. */
export interface UserKeys {
  readonly uid: string;
  readonly partition: number;
  readonly user: string;
  readonly log: string;
  readonly due: string;
  readonly parcels: string;
  /** Job ids of parcels that the mailbox let go of; the courier removes them from BullMQ. */
  readonly litter: string;
  readonly collapse: string;
  readonly connections: string;
  /** What each client has acknowledged, and which events were escalated: for receipts. */
  readonly acks: string;
  readonly escalated: string;
  /** Web Push subscriptions. */
  readonly subscriptions: string;
  readonly channel: string;
}

/** Keys that belong to no user. */
export const HUB_KEYS = { meta: "ds:meta", gateways: "ds:gateways", histories: "ds:histories" } as const;

const PLAIN = /^[A-Za-z0-9_-]{1,40}$/;

/** Makes the uid of a user id; throws INVALID_USER for what is empty, too long or not well-formed Unicode. */
export function uidOf(userId: unknown): string {
  if (typeof userId !== "string" || userId === "")
    throw new DoorstepError("INVALID_USER", "a user id is non-empty text");
  if (PLAIN.test(userId)) return `u${userId}`;
  if (utf8Length(userId) > LIMITS.userIdBytes) {
    throw new DoorstepError("INVALID_USER", `a user id has at most ${LIMITS.userIdBytes} bytes`);
  }
  // A lone surrogate would become U+FFFD in UTF-8, and two users one.
  if (/\p{Surrogate}/u.test(userId)) throw new DoorstepError("INVALID_USER", "a user id is valid Unicode");
  return `h${createHash("sha256").update(userId, "utf8").digest("base64url")}`;
}

/** Tells the partition of a uid: Redis' own CRC16, since the partition count divides the 16,384 slots. */
export function partitionOf(uid: string, partitions: number): number {
  return calculateSlot(uid) % partitions;
}

/** Makes all keys of a uid. */
export function keysOfUid(uid: string, partitions: number): UserKeys {
  return new KeysOfUid(uid, partitionOf(uid, partitions));
}

/** Names are made where they are asked for: an append needs four of them, and an idle connection keeps none. */
class KeysOfUid implements UserKeys {
  readonly uid: string;
  readonly partition: number;

  constructor(uid: string, partition: number) {
    this.uid = uid;
    this.partition = partition;
  }

  get user(): string {
    return this.#name("u");
  }

  get log(): string {
    return this.#name("log");
  }

  get due(): string {
    return dueKey(this.partition);
  }

  get parcels(): string {
    return this.#name("parcels");
  }

  get litter(): string {
    return this.#name("litter");
  }

  get collapse(): string {
    return this.#name("collapse");
  }

  get connections(): string {
    return this.#name("conn");
  }

  get acks(): string {
    return this.#name("acks");
  }

  get escalated(): string {
    return this.#name("escalated");
  }

  get subscriptions(): string {
    return this.#name("push");
  }

  get channel(): string {
    return this.#name("ev");
  }

  #name(kind: string): string {
    return `ds:{${this.partition}}:${kind}:${this.uid}`;
  }
}

/** The key that deduplicates one event id chosen by a caller. */
export function dedupeKey(keys: UserKeys, eventId: string): string {
  return `ds:{${keys.partition}}:id:${keys.uid}:${eventId}`;
}

/** The index of users of one partition with events neither acknowledged nor held. */
export function dueKey(partition: number): string {
  return `ds:{${partition}}:due`;
}

/** The channel by which subscribers ask whether the master of a partition still answers. Nothing is published to it. */
export function heartbeatChannel(partition: number): string {
  return `ds:{${partition}}:hb`;
}

/** The key that carries a gateway's lease. */
export function gatewayKey(gatewayId: string): string {
  return `ds:gw:${gatewayId}`;
}

/** BullMQ prefix of a queue: its own hash tag, so that all keys of the queue share a slot. */
export function queuePrefix(name: string): string {
  return `{ds:${name}}`;
}
