/**
 * Hold: takes a user's undelivered events out of the log and into parcels, in two steps that may be lost between any two
 * instructions (P3, P5):
 *
 *   read       the durable events after the later of held and acked
 *   1 add      a BullMQ job named after the range of the log that it holds
 *   2 commit   append the job id to the user's list and move `held`, by compare-and-set, to the last event in the job
 *
 * A crash before step 2 leaves an orphan, a job that no list names. The next courier reads the same range, adds the same
 * id, which BullMQ ignores since the job is there, and commits it: a log entry never changes, so one id has one content.
 * If it reads more, it makes another job. So a job is delayed by seconds at first and to its first deadline, an escalation or
 * its expiry, once it is committed; an orphan wakes, finds that no list names it, and completes without effect (expiry.ts).
 *
 * Two couriers at the same user differ in what they read and then in their ids, or not at all; only one of them commits.
 */
import { compareOffsets, maxOffset, type Offset } from "@doorstep/protocol";
import type { HoldOutcome, ParcelEntry, Store, Unheld, UserKeys } from "@doorstep/store";
import type { Job } from "bullmq";

import { type Escalator, firstDueAtMs } from "./escalation.ts";
import { cutParcel, packParcel, type Parcel, type ParcelData, parcelEntry } from "./parcel.ts";
import { type MailboxQueues, tryQueue } from "./queue.ts";

/** Log entries read at once: enough for a full parcel where every second entry is of the stream class. */
const READ_ENTRIES = 200;

/** How often another courier may be first before the rest is left to the next sweep. */
const MAX_CONFLICTS = 5;

/** A parcel's job is tried again for ever; it must not end as `failed`, where nobody would look at it again. */
const ATTEMPTS = 1_000_000;
const RETRY_BACKOFF_MS = 30_000;
/** Delay of a job until its commit: enough for a slow one, short enough that orphans do not gather. */
const COMMIT_MS = 10_000;
/** The same for a parcel that is overdue already, or nearly so. */
const LEAST_COMMIT_MS = 1_000;

export type HoldStep = "read" | "added" | "committed";

export interface HoldOptions {
  readonly store: Store;
  readonly queues: MailboxQueues;
  /** Where events go that nobody acknowledges for too long: a parcel is looked at when the first of them is due. */
  readonly escalator?: Escalator | undefined;
  /** Called for each parcel that was committed. */
  readonly onStored?: (parcel: ParcelEntry) => void;
  /** Called after each step; a throw there is a courier that died there. For tests. */
  readonly onStep?: (step: HoldStep) => Promise<void> | void;
}

/** What was taken into custody. */
export interface Held {
  readonly parcels: number;
  readonly events: number;
}

/** Reads a user's next events to hold. */
export function readUnheld(store: Store, keys: UserKeys): Promise<Unheld> {
  return store.custody.unheld(keys, READ_ENTRIES);
}

/**
 * Holds everything durable that the first read knows of; what is appended meanwhile is left for its own grace period.
 * Throws STORE_FULL and UNAVAILABLE; what was committed stands, the rest stays in the log and in the due index.
 */
export async function holdUser(options: HoldOptions, keys: UserKeys): Promise<Held> {
  const nowMs = await options.store.nowMs();
  let unheld = await readUnheld(options.store, keys);
  const end = unheld.lastDurable;
  let parcels = 0;
  let events = 0;
  let conflicts = 0;
  for (;;) {
    await options.onStep?.("read");
    const from = maxOffset(unheld.held, unheld.acked);
    if (compareOffsets(from, end) >= 0 || conflicts > MAX_CONFLICTS) return { parcels, events };
    const { outcome, to, parcel } = await holdNext(options, keys, from, unheld, nowMs);
    if (outcome === "conflict") conflicts += 1;
    if (outcome === "held" && parcel !== undefined) {
      parcels += 1;
      events += parcel.count;
      options.onStored?.(parcel);
    }
    if (outcome === "held" && compareOffsets(to, end) >= 0) return { parcels, events };
    unheld = await readUnheld(options.store, keys);
  }
}

interface Step {
  readonly outcome: HoldOutcome;
  /** How far was to be held. */
  readonly to: Offset;
  readonly parcel?: ParcelEntry;
}

async function holdNext(
  options: HoldOptions,
  keys: UserKeys,
  from: Offset,
  unheld: Unheld,
  nowMs: number,
): Promise<Step> {
  const { store, escalator, onStep } = options;
  const parcel = cutParcel({ uid: keys.uid, from, events: unheld.events, holdMs: store.limits.holdMs, nowMs });
  if (parcel === undefined) {
    // Only events of the stream class: nothing to hold, but the way to what stands behind them.
    const to = unheld.events.at(-1)?.offset ?? unheld.lastDurable;
    return { outcome: await store.custody.hold(keys, unheld.held, to), to };
  }
  const entry = parcelEntry(parcel);
  const lookAtMs = Math.min(firstDueAtMs(escalator, parcel) ?? Infinity, parcel.deadlineMs);
  const leftMs = Math.max(LEAST_COMMIT_MS, lookAtMs - nowMs);
  const job = await addJob(options, keys, parcel, Math.min(COMMIT_MS, leftMs));
  await onStep?.("added");
  const outcome = await store.custody.hold(keys, unheld.held, entry.to, entry);
  if (outcome === "held") await delayToDeadline(job, leftMs);
  await onStep?.("committed");
  if (outcome !== "held") await removeOrphan(options, keys, entry);
  return { outcome, to: entry.to, parcel: entry };
}

function addJob({ queues }: HoldOptions, keys: UserKeys, parcel: Parcel, delayMs: number): Promise<Job<ParcelData>> {
  const data = packParcel(parcel);
  // BullMQ keeps these with every job. That a job leaves when it completes is said once, by its consumer.
  return tryQueue(() =>
    queues.of(keys.partition).add("parcel", data, {
      jobId: parcelEntry(parcel).jobId,
      delay: delayMs,
      attempts: ATTEMPTS,
      backoff: { type: "fixed", delay: RETRY_BACKOFF_MS },
      stackTraceLimit: 1,
    }),
  );
}

async function delayToDeadline(job: Job<ParcelData>, leftMs: number): Promise<void> {
  if (leftMs <= COMMIT_MS) return;
  await job.changeDelay(leftMs).catch(() => {
    // Released already, or woken: then expiry.ts puts it off. After a lost connection it wakes early, which ends the same.
  });
}

/**
 * Removes a job whose commit was refused, unless another courier committed the same id. Nobody can still do so: the
 * refusal says that held or acked went past what was read, and both only grow.
 */
async function removeOrphan({ store, queues }: HoldOptions, keys: UserKeys, parcel: ParcelEntry): Promise<void> {
  if (await store.custody.isListed(keys, parcel)) return;
  await tryQueue(() => queues.of(keys.partition).remove(parcel.jobId));
}
