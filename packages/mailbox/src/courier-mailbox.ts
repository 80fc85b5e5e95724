/**
 * The courier's side of the mailbox: it ends parcels whose time has come from the moment it is opened, and sweeps when it
 * is told to, by hand or by a schedule that all couriers share.
 */
import type { ParcelEntry, Store } from "@doorstep/store";

import { startConsumer } from "./consumer.ts";
import { type DeadLetter, openDeadLetters } from "./dead-letter.ts";
import { createExpiry } from "./expiry.ts";
import { mailboxAddress, MailboxQueues, type OnError, SWEEP } from "./queue.ts";
import { type Schedule, type Slice, startSchedule } from "./schedule.ts";
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
  /** Called for each parcel that was stored. */
  readonly onStored: (parcel: ParcelEntry) => void;
  /** Called for each parcel that expired. */
  readonly onExpired: (letter: DeadLetter) => void;
  /** Told about everything that went wrong and is tried again. */
  readonly onError: OnError;
}

/** How much lies in the queues. */
export interface MailboxCounts {
  readonly parcels: number;
  readonly deadLetters: number;
}

export interface CourierMailbox {
  /** Holds what is due in these partitions, until all are done or `signal` aborts. Rejects where Redis does not answer. */
  sweep(partitions: Iterable<number>, signal: AbortSignal): Promise<SweepCounts>;
  /** Takes part in the schedule by which all couriers share the sweeps: `run` gets a slice at a time. */
  scheduleSweeps(everyMs: number, run: (slice: Slice) => Promise<void>): Promise<Schedule>;
  counts(): Promise<MailboxCounts>;
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
  const process = createExpiry({ store, deadLetters, onExpired: options.onExpired, onError });
  const waiting = await store.openConnection("queue");
  const consumers = await Promise.all(
    queues.all.map((_, index) =>
      startConsumer({
        address: mailboxAddress(index),
        connection: waiting,
        process,
        concurrency: EXPIRY_CONCURRENCY,
        stalledIntervalMs,
        onError,
      }),
    ),
  );
  return {
    sweep: (partitions, signal) => sweep({ ...options, queues }, partitions, signal),
    scheduleSweeps: (everyMs, run) =>
      startSchedule({ store, address: SWEEP, slices: SWEEP_SLICES, everyMs, stalledIntervalMs, run, onError }),
    counts: async () => ({
      parcels: sum(await Promise.all(queues.all.map((queue) => queue.count()))),
      deadLetters: await deadLetters.count(),
    }),
    close: async () => {
      await Promise.all(consumers.map((consumer) => consumer.close()));
      await Promise.all([queues.close(), deadLetters.close()]);
    },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
