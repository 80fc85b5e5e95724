/**
 * The courier's side of the mailbox: from the moment it is opened it ends parcels, and dead letters, whose time has come; it
 * sweeps when it is told to, by hand or by a schedule that all couriers share.
 */
import type { ParcelEntry, Store } from "@doorstep/store";
import type { Queue } from "bullmq";

import { type MailboxCensus, takeCensus } from "./census.ts";
import { startConsumer } from "./consumer.ts";
import { DEAD_LETTER, type DeadLetter, openDeadLetters } from "./dead-letter.ts";
import {
  createForgetting,
  DEFAULT_DEAD_LETTER_MAX_AGE_MS,
  DEFAULT_DEAD_LETTER_MAX_COUNT,
  type Retention,
} from "./dead-letter-retention.ts";
import type { Escalator } from "./escalation.ts";
import { createExpiry } from "./expiry.ts";
import { type ParcelData, showParcel } from "./parcel.ts";
import { mailboxAddress, MailboxQueues, mailboxTag, type OnError, openQueue, SWEEP } from "./queue.ts";
import { QuietPartitions } from "./quiet-partitions.ts";
import { type Schedule, type ScheduleOptions, startSchedule } from "./schedule.ts";
import { sweep, type SweepCounts } from "./sweep.ts";

/** Parcels of one queue that are ended at once. */
const EXPIRY_CONCURRENCY = 8;
/** More than couriers are likely to be, so that each gets a share of the sweeps. */
const SWEEP_SLICES = 8;

export interface CourierMailboxOptions {
  readonly store: Store;
  /** Number of mailbox queues; the same in every gateway and courier of a hub. @default 1 */
  readonly queues?: number;
  /** How long events wait for an acknowledgement before they are held. */
  readonly graceMs: number;
  /** The gateways' ping interval: a live socket puts a sweep off by two of these. */
  readonly pingIntervalMs: number;
  /** Age of the oldest event at which a user with a live socket is held all the same. */
  readonly liveHoldMs: number;
  /** How often jobs of killed couriers are searched. */
  readonly stalledIntervalMs: number;
  /** Where events go that nobody acknowledges for too long. Default: nowhere. */
  readonly escalator?: Escalator | undefined;
  /** How long a dead letter is kept; holds for those that are made from now on. @default 30 days */
  readonly deadLetterMaxAgeMs?: number;
  /** How many dead letters are kept. @default 100,000 */
  readonly deadLetterMaxCount?: number;
  /** Called for each parcel that was stored. */
  readonly onStored: (parcel: ParcelEntry) => void;
  /** Called for each parcel that expired. */
  readonly onExpired: (letter: DeadLetter) => void;
  /** Called for each dead letter that a bound removed. */
  readonly onForgotten?: Retention["onForgotten"];
  /** Told about everything that went wrong and is tried again. */
  readonly onError: OnError;
}

/** A queue for people to look at. */
export interface BoardQueue {
  /** `sweep`, `dead-letter`, or the tag of a mailbox queue, such as `mb0`. */
  readonly name: string;
  readonly queue: Queue;
  /** Makes of a job's data what people can read. Default: people read it as it is. */
  readonly show?: (data: ParcelData) => unknown;
}

export interface CourierMailbox {
  /**
   * Holds what is due in these partitions, until all are done or `signal` aborts. A round that has much to do does nothing and
   * answers undefined: it is to be shared. Rejects where Redis does not answer.
   */
  sweep(partitions: readonly number[], signal: AbortSignal, isRound?: boolean): Promise<SweepCounts | undefined>;
  /** Takes part in the schedule by which all couriers share the sweeps: `run` gets a round or a slice at a time. */
  scheduleSweeps(everyMs: number, run: ScheduleOptions["run"]): Promise<Schedule>;
  /** Tells what is in custody, at a bounded cost. Throws UNAVAILABLE. */
  census(): Promise<MailboxCensus>;
  /** All queues, over the connection that the courier has anyway; they close with this. */
  readonly boardQueues: readonly BoardQueue[];
  /** Waits for what is under way; connections close with the store. Idempotent. */
  close(): Promise<void>;
}

/** Opens the courier's side of the mailbox and starts to end parcels; throws UNAVAILABLE. */
export async function openCourierMailbox(options: CourierMailboxOptions): Promise<CourierMailbox> {
  const { store, stalledIntervalMs, onError } = options;
  const connection = await store.openConnection("command");
  const queues = new MailboxQueues(connection, options.queues ?? 1, onError);
  await store.requireSetting("mailboxQueues", options.queues ?? 1);
  const deadLetters = openDeadLetters(connection, onError);
  const sweeps = openQueue(SWEEP, connection, onError);
  const retention: Retention = {
    maxAgeMs: options.deadLetterMaxAgeMs ?? DEFAULT_DEAD_LETTER_MAX_AGE_MS,
    maxCount: options.deadLetterMaxCount ?? DEFAULT_DEAD_LETTER_MAX_COUNT,
    onForgotten: options.onForgotten ?? (() => undefined),
  };
  const { escalator, onExpired } = options;
  const process = createExpiry({ store, deadLetters, retention, escalator, onExpired, onError });
  const quiet = new QuietPartitions(options.graceMs);
  const waiting = await store.openConnection("queue");
  const common = { connection: waiting, stalledIntervalMs, onError };
  const forgetting = startConsumer({
    ...common,
    address: DEAD_LETTER,
    process: createForgetting(deadLetters, retention),
    concurrency: 1,
  });
  const expiring = queues.all.map((_, index) =>
    startConsumer({ ...common, address: mailboxAddress(index), process, concurrency: EXPIRY_CONCURRENCY }),
  );
  const consumers = await Promise.all([forgetting, ...expiring]);
  return {
    sweep: (partitions, signal, isRound) => sweep({ ...options, queues, quiet }, partitions, signal, isRound),
    scheduleSweeps: (everyMs, run) =>
      startSchedule({ store, address: SWEEP, slices: SWEEP_SLICES, everyMs, stalledIntervalMs, run, onError }),
    census: () => takeCensus({ store, connection, queues, deadLetters }),
    boardQueues: [
      ...queues.all.map((queue, index) => ({ name: mailboxTag(index), queue, show: showParcel })),
      { name: DEAD_LETTER.name, queue: deadLetters },
      { name: SWEEP.name, queue: sweeps },
    ],
    close: async () => {
      await Promise.all(consumers.map((consumer) => consumer.close()));
      await Promise.all([queues.close(), deadLetters.close(), sweeps.close()]);
    },
  };
}
