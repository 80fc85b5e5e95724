/**
 * Drain: a user who comes back reads from parcels what the log no longer has (DESIGN section 6).
 *
 * Reading takes nothing away; a parcel goes when it is acknowledged (release) or when its time has come (expiry).
 */
import type { Offset } from "@doorstep/protocol";
import type { ParcelEntry, UserKeys } from "@doorstep/store";

import { eventsBetween, type ParcelEvent } from "./parcel.ts";
import { type MailboxQueues, tryQueue } from "./queue.ts";

/**
 * Reads the events of a parcel after one offset and up to another, in log order.
 * Undefined where BullMQ no longer has the parcel: released or expired since its list entry was read, or lost.
 * Throws UNAVAILABLE.
 */
export async function readParcel(
  queues: MailboxQueues,
  keys: UserKeys,
  entry: ParcelEntry,
  after: Offset,
  upTo?: Offset,
): Promise<ParcelEvent[] | undefined> {
  const job = await tryQueue(() => queues.of(keys.partition).getJob(entry.jobId));
  return job === undefined ? undefined : eventsBetween(job.data, after, upTo);
}
