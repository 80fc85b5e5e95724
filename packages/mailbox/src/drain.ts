/**
 * Drain: a user who comes back reads from parcels what the log no longer has (DESIGN section 6).
 *
 * Reading takes nothing away; a parcel goes when it is acknowledged (release) or when its time has come (expiry).
 */
import type { Offset } from "@doorstep/protocol";
import type { ParcelEntry, UserKeys } from "@doorstep/store";

import { eventsBetween, type ParcelEvent, unpackParcel } from "./parcel.ts";
import { type MailboxQueues, type OnError, tryQueue } from "./queue.ts";

export interface DrainOptions {
  readonly queues: MailboxQueues;
  /** Told about each parcel whose events cannot be read. */
  readonly onError: OnError;
}

/**
 * Reads the events of a parcel after one offset and up to another, in log order.
 * Undefined where BullMQ no longer has them: released or expired since the list entry was read, or lost, or not to be read.
 * Throws UNAVAILABLE.
 */
export async function readParcel(
  { queues, onError }: DrainOptions,
  keys: UserKeys,
  entry: ParcelEntry,
  after: Offset,
  upTo?: Offset,
): Promise<ParcelEvent[] | undefined> {
  const job = await tryQueue(() => queues.of(keys.partition).getJob(entry.jobId));
  if (job === undefined) return undefined;
  try {
    return eventsBetween(unpackParcel(job.data), after, upTo);
  } catch (error) {
    onError(error, "drain");
    return undefined;
  }
}
