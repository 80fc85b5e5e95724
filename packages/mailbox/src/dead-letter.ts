/**
 * Dead letters: what nobody acknowledged in time, one BullMQ job per expired parcel in the `dead-letter` queue.
 *
 * A dead letter says everything about itself, so that it can be understood and replayed when the user's keys and the parcel
 * are gone. It never changes. Its job is delayed to the end of its retention, which puts the queue in the order in which
 * letters go, oldest first (dead-letter-retention.ts); people look at it, replay and purge it before (dead-letter-office.ts).
 */
import type { Offset } from "@doorstep/protocol";
import { type ParcelEntry, queuePrefix, type RedisConnection } from "@doorstep/store";
import type { Queue } from "bullmq";

import type { HistoryEntry } from "./parcel-progress.ts";
import { type OnError, openQueue, type QueueAddress } from "./queue.ts";

export const DEAD_LETTER: QueueAddress = { name: "dead-letter", prefix: queuePrefix("dl") };

/** Why events may end as a dead letter. */
export const DEAD_LETTER_REASONS = ["expired"] as const;
export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** Data of a dead letter. Times are milliseconds since 1970, by Redis' clock where it is not said otherwise. */
export interface DeadLetter {
  readonly uid: string;
  /** As the publisher gave it; absent where the user's keys had left and the uid does not tell. */
  readonly userId?: string;
  readonly reason: DeadLetterReason;
  /** The parcel that ended. */
  readonly parcel: ParcelEntry;
  /**
   * Offset and body of each event that nobody acknowledged, in log order. Of a parcel whose events could not be read there is
   * one, with its last offset, and what stood in their place.
   */
  readonly events: readonly (readonly [Offset, string])[];
  /** When they were taken into custody, by a courier's clock. */
  readonly heldAtMs: number;
  readonly deadAtMs: number;
  /** When the letter is forgotten unless it is one too many before. */
  readonly keptUntilMs: number;
  /** What happened from the hold on, oldest first. */
  readonly history: readonly HistoryEntry[];
}

const LETTER_ID = /^dl\.[uh][A-Za-z0-9_-]{1,44}\.\d+-\d+\.\d+-\d+$/;

/** Opens the dead-letter queue. */
export function openDeadLetters(connection: RedisConnection, onError: OnError): Queue<DeadLetter> {
  return openQueue(DEAD_LETTER, connection, onError);
}

/** Makes the id of a parcel's dead letter: always the same, so that one parcel has one. */
export function deadLetterId(parcelJobId: string): string {
  return `dl.${parcelJobId}`;
}

/** Whether text has the form of a letter's id: what has not must never become part of a key. */
export function isDeadLetterId(text: string): boolean {
  return LETTER_ID.test(text);
}

/** Whether a letter is one of this uid. */
export function isLetterOf(letterId: string, uid: string): boolean {
  return letterId.startsWith(`dl.${uid}.`);
}
