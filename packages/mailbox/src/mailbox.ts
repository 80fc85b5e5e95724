/**
 * The gateway's side of the mailbox: read parcels while a user catches up, release what was acknowledged, look after dead
 * letters.
 *
 * It opens queue objects and one connection, and processes nothing.
 */
import type { Offset } from "@doorstep/protocol";
import type { ParcelEntry, Store, UserKeys } from "@doorstep/store";

import { DeadLetterOffice } from "./dead-letter-office.ts";
import { readParcel } from "./drain.ts";
import type { ParcelEvent } from "./parcel.ts";
import { MailboxQueues, type OnError } from "./queue.ts";
import { releaseParcels } from "./release.ts";

export interface MailboxOptions {
  readonly store: Store;
  /** Number of mailbox queues; the same in every gateway and courier of a hub. @default 1 */
  readonly queues?: number;
  /**
   * Told about errors in the background, about each parcel that could not be released, which is harmless, and about each one
   * whose events could not be read.
   */
  readonly onError: OnError;
}

export interface Mailbox {
  readonly deadLetters: DeadLetterOffice;
  /**
   * Reads the events of a parcel after one offset and up to another (default: to its end), in log order; bodies as they
   * were logged. Undefined where the parcel is gone or cannot be read: read the page again, and where its list still names
   * the parcel, the events are lost and the client has to be told by a gap. Throws UNAVAILABLE.
   */
  readParcel(entry: ParcelEntry, keys: UserKeys, after: Offset, upTo?: Offset): Promise<ParcelEvent[] | undefined>;
  /** Removes the parcels that an ack released and tells how many are gone. Never rejects. */
  release(keys: UserKeys, jobIds: readonly string[]): Promise<number>;
  /** Closes the queues; their connection closes with the store. Idempotent. */
  close(): Promise<void>;
}

/** Opens the gateway's side of the mailbox; throws UNAVAILABLE. */
export async function openMailbox({ store, queues: count = 1, onError }: MailboxOptions): Promise<Mailbox> {
  const connection = await store.openConnection("command");
  const queues = new MailboxQueues(connection, count, onError);
  await store.requireSetting("mailboxQueues", count);
  const deadLetters = new DeadLetterOffice(store, connection, onError);
  return {
    deadLetters,
    readParcel: (entry, keys, after, upTo) => readParcel({ queues, onError }, keys, entry, after, upTo),
    release: (keys, jobIds) => releaseParcels(queues, keys, jobIds, onError),
    close: async () => {
      await Promise.all([queues.close(), deadLetters.close()]);
    },
  };
}
