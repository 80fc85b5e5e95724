/**
 * Census: how much is in custody and how old it is, for gauges.
 *
 * Every courier takes it every few seconds, so it costs the same however much waits, and nothing on the way of an event. Numbers
 * of parcels and dead letters are exact, Redis counts them anyway. The rest would need a look at every parcel and comes
 * from some:
 *
 *   oldest          from the job ids, which name the last offset of a parcel: a random 2,000 of a queue, and of those that
 *                   wait for a courier or are due next 100 each. Exact where there are no more.
 *   events, bytes   the mean of a random 50 parcels of a queue, times their number. Exact up to 50.
 *
 * What a parcel holds is read from its user's list, not from its job, which may have a megabyte.
 */
import { offsetTimeMs } from "@doorstep/protocol";
import type { ParcelEntry, RedisConnection, Store } from "@doorstep/store";
import type { Queue } from "bullmq";

import type { DeadLetter } from "./dead-letter.ts";
import type { ParcelData } from "./parcel.ts";
import { type MailboxQueues, mailboxTag, tryQueue } from "./queue.ts";

/** Job ids of a queue that are read for the age of the oldest parcel. */
const AGE_SAMPLE = 2_000;
/** Jobs at the front of a queue's sets whose ids are read besides. */
const FRONT = 100;
/** Parcels of a queue that are looked up for events and bytes. */
const SIZE_SAMPLE = 50;
/** Entries of a user's list that are read to find one of those; a parcel behind them is passed over. */
const LIST_ENTRIES = 100;

/** What one mailbox queue has in custody. */
export interface QueueCensus {
  /** The hash tag of its keys, such as `mb0`. */
  readonly queue: string;
  readonly parcels: number;
  /** Held events and bytes of their bodies; estimates where there are more than 50 parcels. */
  readonly events: number;
  readonly bytes: number;
  /** When the last event of the oldest parcel was logged; undefined where there is none. Of a sample beyond 2,000 parcels. */
  readonly oldestAtMs: number | undefined;
}

export interface MailboxCensus {
  readonly queues: readonly QueueCensus[];
  readonly deadLetters: number;
  /** When the oldest dead letter died; undefined where there is none. */
  readonly oldestDeadAtMs: number | undefined;
}

export interface CensusOptions {
  readonly store: Store;
  readonly connection: RedisConnection;
  readonly queues: MailboxQueues;
  readonly deadLetters: Queue<DeadLetter>;
}

/** Takes the census of all queues; throws UNAVAILABLE. */
export async function takeCensus({ store, connection, queues, deadLetters }: CensusOptions): Promise<MailboxCensus> {
  const [censuses, dead, oldestDeadAtMs] = await Promise.all([
    Promise.all(queues.all.map((queue, index) => censusOf(store, connection, queue, mailboxTag(index)))),
    tryQueue(() => deadLetters.count()),
    tryQueue(() => oldestDead(connection, deadLetters)),
  ]);
  return { queues: censuses, deadLetters: dead, oldestDeadAtMs };
}

async function censusOf(
  store: Store,
  connection: RedisConnection,
  queue: Queue<ParcelData>,
  tag: string,
): Promise<QueueCensus> {
  const delayed = queue.toKey("delayed");
  const [counts, some, dueNext, waiting, few] = await tryQueue(() =>
    Promise.all([
      queue.getJobCounts("delayed", "waiting", "active"),
      connection.zrandmember(delayed, AGE_SAMPLE),
      connection.zrange(delayed, "0", String(FRONT - 1)),
      connection.lrange(queue.toKey("wait"), -FRONT, -1),
      connection.zrandmember(delayed, SIZE_SAMPLE),
    ]),
  );
  const parcels = Object.values(counts).reduce((total, count) => total + count, 0);
  const times = [...some, ...dueNext, ...waiting].flatMap((id) => loggedAtMs(id) ?? []);
  const sizes = await lookUp(store, few);
  const mean = (of: "count" | "bytes"): number =>
    sizes.reduce((total, entry) => total + entry[of], 0) / Math.max(1, sizes.length);
  return {
    queue: tag,
    parcels,
    events: Math.round(mean("count") * parcels),
    bytes: Math.round(mean("bytes") * parcels),
    oldestAtMs: times.length === 0 ? undefined : times.reduce((oldest, time) => Math.min(oldest, time)),
  };
}

/** When the last event of a parcel was logged, as its job id tells. */
function loggedAtMs(jobId: string): number | undefined {
  const [, , to] = jobId.split(".");
  return to === undefined ? undefined : offsetTimeMs(to);
}

/** Finds parcels in their users' lists; those released meanwhile are not there. */
async function lookUp({ custody }: Store, jobIds: readonly string[]): Promise<ParcelEntry[]> {
  const found = await Promise.all(
    jobIds.map(async (jobId) => {
      const entries = await custody.entries(custody.keysOfUid(jobId.split(".", 1)[0] ?? ""), LIST_ENTRIES);
      return entries.find((entry): entry is ParcelEntry => entry.kind === "parcel" && entry.jobId === jobId);
    }),
  );
  return found.filter((entry) => entry !== undefined);
}

/** Dead letters are in the order of their death, and the time of a letter's job is that of its death. */
async function oldestDead(connection: RedisConnection, queue: Queue<DeadLetter>): Promise<number | undefined> {
  const [first] = await connection.zrange(queue.toKey("delayed"), "0", "0");
  if (first === undefined) return undefined;
  const diedAtMs = await connection.hget(queue.toKey(first), "timestamp");
  return diedAtMs === null ? undefined : Number(diedAtMs);
}
