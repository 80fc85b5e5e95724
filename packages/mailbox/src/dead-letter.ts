/**
 * Dead letters: what nobody acknowledged in time, one BullMQ job per expired parcel in the `dead-letter` queue. Nobody
 * processes them; they wait for people to look at them, and take memory until somebody removes them.
 */
import type { Offset } from "@doorstep/protocol";
import { queuePrefix, type RedisConnection } from "@doorstep/store";
import type { Queue } from "bullmq";

import { type OnError, openQueue, type QueueAddress } from "./queue.ts";

const DEAD_LETTER: QueueAddress = { name: "dead-letter", prefix: queuePrefix("dl") };

/** Data of a dead letter. */
export interface DeadLetter {
  readonly uid: string;
  readonly reason: "expired";
  readonly from: Offset;
  readonly to: Offset;
  /** Offset and body of each event, in log order. */
  readonly events: readonly (readonly [Offset, string, string?])[];
  /** Redis' clock, milliseconds since 1970. */
  readonly expiredAtMs: number;
}

/** Opens the dead-letter queue. */
export function openDeadLetters(connection: RedisConnection, onError: OnError): Queue<DeadLetter> {
  return openQueue(DEAD_LETTER, connection, onError);
}

/** Makes the id of a parcel's dead letter: always the same, so that one parcel has one. */
export function deadLetterId(parcelJobId: string): string {
  return `dl.${parcelJobId}`;
}
