/**
 * Receipts: what became of one event, and what waits for one user. One read-only script call each.
 *
 * An event is found by its offset, in the time of a few reads by index: its log entry, and the entry of the parcel list
 * that covers it. By its id alone it is found while the id is deduplicated, or among the last 1,000 events of the log.
 *
 * A receipt tells what is known now, and less as retention takes the traces away. It never claims an acknowledgement that
 * may have been none: where that is not certain the state is how the event may have ended, or `gone`.
 */
import { DoorstepError, type EventId, type Offset, offsetTimeMs } from "@doorstep/protocol";
import type { StoreLimits } from "./limit.ts";
import type { Scripts } from "./script.ts";
import { dedupeKey, type UserKeys } from "./user-key.ts";

/**
 * What became of an event:
 *
 *   logged        it stands in the log; durable ones wait there for an acknowledgement or the courier
 *   held          a parcel holds it
 *   escalated     held, and told elsewhere
 *   acknowledged  the user's acknowledgement passed it
 *   expired, overflow, dropped   it ended unacknowledged, for the reason that a gap would give
 *   collapsed     a newer event with its collapse key took its place
 *   gone          nothing is left that tells
 */
export type EventState =
  | "logged"
  | "held"
  | "escalated"
  | "acknowledged"
  | "expired"
  | "overflow"
  | "dropped"
  | "collapsed"
  | "gone";

/** Times are milliseconds since 1970 by Redis' clock; null for what is not known. */
export interface Receipt {
  readonly id: EventId;
  readonly offset: Offset;
  readonly state: EventState;
  readonly publishedAtMs: number;
  /** Of a durable event in the log: its own expiry, or when its custody ends. */
  readonly expiresAtMs: number | null;
  /** When it was first told elsewhere, until the acknowledgement passes it. */
  readonly escalatedAtMs: number | null;
  /** Clients that acknowledged it themselves: at least so many. */
  readonly devices: number;
  /** When the first of them had acknowledged it at the latest. */
  readonly acknowledgedByMs: number | null;
}

/** What waits for a user. */
export interface MailboxState {
  /** Durable events nobody has acknowledged, held or not, and the bytes of their bodies. */
  readonly undelivered: number;
  readonly bytes: number;
  /** When the oldest of them was published; of one that the log has let go of, the last of its parcel. Null without one. */
  readonly oldestAtMs: number | null;
  /** How many parcels hold them. */
  readonly parcels: number;
  /** Ranges that expired or were dropped, and that the user has still to be told of. */
  readonly tombstones: number;
  readonly head: Offset;
  readonly acked: Offset;
}

export class Receipts {
  readonly #scripts: Scripts;
  readonly #limits: StoreLimits;

  constructor(scripts: Scripts, limits: StoreLimits) {
    this.#scripts = scripts;
    this.#limits = limits;
  }

  /**
   * Tells what became of an event. Throws NOT_FOUND where the offset is not that event's, or where the id alone does not
   * find it; UNAVAILABLE.
   */
  async receipt(keys: UserKeys, id: EventId, offset?: Offset): Promise<Receipt> {
    const reply = (await this.#scripts.run(
      "receipt",
      [keys.user, keys.log, keys.parcels, keys.acks, keys.escalated, dedupeKey(keys, id)],
      [id, offset ?? ""],
    )) as [] | [EventState, Offset, string, string, string, number, string];
    const [state, found, letter, expires, escalatedMs = "", devices = 0, acknowledgedByMs = ""] = reply;
    if (state === undefined || found === undefined) throw notFound(id, offset);
    const publishedAtMs = offsetTimeMs(found);
    return {
      id,
      offset: found,
      state,
      publishedAtMs,
      expiresAtMs: letter === "d" ? Number(expires) || publishedAtMs + this.#limits.holdMs : null,
      escalatedAtMs: numberOf(escalatedMs),
      devices,
      acknowledgedByMs: numberOf(acknowledgedByMs),
    };
  }

  /** Tells what waits for a user; for one nobody published to, nothing. Throws UNAVAILABLE. */
  async mailbox(keys: UserKeys): Promise<MailboxState> {
    const reply = await this.#scripts.run("mailbox", [keys.user, keys.log, keys.parcels], []);
    const [head, acked, undelivered, bytes, oldest, parcels, tombstones] = reply as [
      Offset,
      Offset,
      number,
      number,
      string,
      number,
      number,
    ];
    const oldestAtMs = oldest === "" ? null : offsetTimeMs(oldest);
    return { undelivered, bytes, oldestAtMs, parcels, tombstones, head, acked };
  }

  /**
   * Notes that events were escalated, in their order; repeating keeps the first time. What is acknowledged is not noted.
   * Answers how many were noted for the first time. Works when memory is full; throws UNAVAILABLE.
   */
  async noteEscalated(keys: UserKeys, offsets: readonly Offset[]): Promise<number> {
    return (await this.#scripts.run("escalated", [keys.user, keys.escalated], offsets)) as number;
  }
}

function notFound(id: EventId, offset: Offset | undefined): DoorstepError {
  const advice = "not among this user's recent events; give the offset that its publish answered";
  return new DoorstepError("NOT_FOUND", offset === undefined ? `event ${id}: ${advice}` : `event ${id} at ${offset}`);
}

function numberOf(text: string): number | null {
  return text === "" ? null : Number(text);
}
