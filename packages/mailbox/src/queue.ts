/**
 * The queues of the mailbox, by name: BullMQ stays behind this package.
 *
 *   mailbox       a job per parcel, delayed to its deadline. `{ds:mb0}`, `{ds:mb1}` ...: a user's partition tells which,
 *                 so that a Cluster spreads them over its nodes.
 *   dead-letter   a job per expired parcel, see dead-letter.ts
 *   sweep         a job an interval, and more where there is much to do: see schedule.ts
 *
 * Every queue has a hash tag of its own, because all keys of a BullMQ queue must share a slot.
 *
 * Queue objects take a connection that fails fast (`command`): both a gateway's catch-up and a sweep would rather be told
 * UNAVAILABLE and try again than wait for ever. Only what processes jobs waits for ever.
 */
import { DoorstepError } from "@doorstep/protocol";
import { queuePrefix, type RedisConnection } from "@doorstep/store";
import { Queue } from "bullmq";

import type { ParcelData } from "./parcel.ts";

/** Told about errors that no caller gets: of connections in the background, and of work that is tried again. */
export type OnError = (error: unknown, during: string) => void;

/** What a queue is called and where its keys lie. */
export interface QueueAddress {
  readonly name: string;
  readonly prefix: string;
}

export const SWEEP: QueueAddress = { name: "sweep", prefix: queuePrefix("sweep") };

/** What tells the n-th mailbox queue from the others: they have one name. */
export function mailboxTag(index: number): string {
  return `mb${index}`;
}

/** The n-th mailbox queue. */
export function mailboxAddress(index: number): QueueAddress {
  return { name: "mailbox", prefix: queuePrefix(mailboxTag(index)) };
}

/** Entries that BullMQ's own event streams keep; nobody here listens to them. */
const KEPT_QUEUE_EVENTS = 100;

/** Opens a queue. Its connection stays the caller's. */
export function openQueue<T>(address: QueueAddress, connection: RedisConnection, onError: OnError): Queue<T> {
  const queue = new Queue<T>(address.name, {
    connection,
    prefix: address.prefix,
    streams: { events: { maxLen: KEPT_QUEUE_EVENTS } },
  });
  queue.on("error", (error) => onError(error, `${address.name} queue`));
  return queue;
}

/** All mailbox queues of a hub; the number has to be the same in every gateway and courier. */
export class MailboxQueues {
  readonly all: readonly Queue<ParcelData>[];

  constructor(connection: RedisConnection, count: number, onError: OnError) {
    if (!Number.isInteger(count) || count < 1) throw new RangeError(`queues has to be 1 or more, not ${count}`);
    this.all = Array.from({ length: count }, (_, index) =>
      openQueue<ParcelData>(mailboxAddress(index), connection, onError),
    );
  }

  /** The queue with the parcels of one partition. */
  of(partition: number): Queue<ParcelData> {
    const queue = this.all[partition % this.all.length];
    if (queue === undefined) throw new RangeError(`no queue for partition ${partition}`);
    return queue;
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((queue) => queue.close()));
  }
}

/** Runs a call to BullMQ; throws STORE_FULL or UNAVAILABLE, as calls to the store do. */
export async function tryQueue<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const code = message.includes("OOM") ? "STORE_FULL" : "UNAVAILABLE";
    throw new DoorstepError(code, message.slice(0, 200), { cause: error });
  }
}
