/**
 * Sweep: walks due indexes and holds what has waited longer than the grace period (DESIGN section 6).
 *
 *   the oldest waiting event is younger than the grace period  -> look again when it is not (`young`)
 *   a socket of the user is up, and that event not yet old     -> look again after two ping intervals (`live`)
 *   otherwise                                                  -> into parcels (`held`)
 *
 * The score of a user in the index says since when events wait, by Redis' clock. It may be older than the oldest waiting
 * event, since an ack of a part leaves it; so the event itself decides. To look again at a time T is to write T minus the
 * grace period.
 *
 * A live socket only delays: one that never acknowledges must not hide events from escalation (P3).
 */
import { offsetTimeMs } from "@doorstep/protocol";
import type { Store, Unheld, UserKeys } from "@doorstep/store";

import { type HoldOptions, holdUser, isSettled, readUnheld } from "./hold.ts";
import { inLanes } from "./lane.ts";
import type { OnError } from "./queue.ts";
import { releaseParcels } from "./release.ts";

/** Users that one read of a due index gives. */
const PAGE_USERS = 100;
/**
 * Partitions that are walked at once; a courier walks up to eight slices side by side. Few, since a hold keeps Redis busy for
 * a tenth of a millisecond, and what is on its way together delays what live users get.
 */
const LANES = 2;
/** How long a user whose sweep failed is left alone, so that it cannot keep others waiting. */
const FAILED_PAUSE_MS = 10_000;

/** What became of a due user. `settled`: the index named it, but nothing waits. */
export const SWEEP_OUTCOMES = ["held", "young", "live", "settled", "failed"] as const;
export type SweepOutcome = (typeof SWEEP_OUTCOMES)[number];
/** Due users of a sweep by what became of them. */
export type SweepCounts = Record<SweepOutcome, number>;

export interface SweepOptions extends HoldOptions {
  /** How long events wait for an acknowledgement before they are held. */
  readonly graceMs: number;
  /** The gateways' ping interval: how often an idle socket acknowledges. */
  readonly pingIntervalMs: number;
  /** Age of the oldest event at which a user with a live socket is held all the same. */
  readonly liveHoldMs: number;
  /** Told about each user whose sweep failed. */
  readonly onError: OnError;
}

/** What all users of one sweep are judged by. */
interface View {
  readonly nowMs: number;
  readonly liveGateways: () => Promise<ReadonlySet<string>>;
}

/**
 * Sweeps partitions until all are done or `signal` aborts; what is left stays due. Rejects where Redis does not answer or
 * takes no writes.
 */
export async function sweep(
  options: SweepOptions,
  partitions: readonly number[],
  signal: AbortSignal,
): Promise<SweepCounts> {
  const counts: SweepCounts = { held: 0, young: 0, live: 0, settled: 0, failed: 0 };
  const view = await openView(options.store);
  const beforeMs = view.nowMs - options.graceMs;
  await inLanes(await options.store.custody.duePartitions(partitions, beforeMs), LANES, async (partition) => {
    for (let isFull = true; isFull && !signal.aborted;) {
      const users = await options.store.custody.due(partition, beforeMs, PAGE_USERS);
      isFull = users.length === PAGE_USERS;
      for (const { keys } of users) {
        if (signal.aborted) return;
        counts[await trySweepUser(options, keys, view)] += 1;
      }
    }
  });
  return counts;
}

async function openView(store: Store): Promise<View> {
  let live: Promise<ReadonlySet<string>> | undefined;
  return {
    nowMs: await store.nowMs(),
    liveGateways: () => {
      live ??= store.presence.liveGateways();
      return live;
    },
  };
}

/** One user that cannot be swept must not stop the others; that Redis takes the postponement shows that it is only one. */
async function trySweepUser(options: SweepOptions, keys: UserKeys, view: View): Promise<SweepOutcome> {
  try {
    return await sweepUser(options, keys, view);
  } catch (error) {
    options.onError(error, "sweep");
    await lookAgain(options, keys, view.nowMs + FAILED_PAUSE_MS);
    return "failed";
  }
}

async function sweepUser(options: SweepOptions, keys: UserKeys, view: View): Promise<SweepOutcome> {
  const { store, graceMs, pingIntervalMs, liveHoldMs } = options;
  const unheld = await readUnheld(store, keys);
  if (unheld.hasLitter) await clearLitter(options, keys);
  const pauseMs = 2 * pingIntervalMs;
  if (isSettled(unheld)) {
    // The index outlived the user's keys, or an append comes this moment.
    await store.custody.forget(keys);
    await lookAgain(options, keys, view.nowMs + pauseMs);
    return "settled";
  }
  const sinceMs = oldestMs(unheld);
  if (sinceMs + graceMs > view.nowMs) {
    await lookAgain(options, keys, sinceMs + graceMs);
    return "young";
  }
  const holdAtMs = sinceMs + liveHoldMs;
  if (view.nowMs < holdAtMs && (await store.presence.connections(keys, await view.liveGateways())).length > 0) {
    await lookAgain(options, keys, Math.min(view.nowMs + pauseMs, holdAtMs));
    return "live";
  }
  await holdUser(options, keys, unheld);
  return "held";
}

/** Removes from BullMQ what a full mailbox let go of. */
async function clearLitter({ store, queues, onError }: SweepOptions, keys: UserKeys): Promise<void> {
  const jobIds = await store.custody.litter(keys);
  await releaseParcels(queues, keys, jobIds, onError);
  await store.custody.clearLitter(keys, jobIds.length);
}

/** When the oldest waiting event was logged; where the read has none that is durable, long ago. */
function oldestMs({ events }: Unheld): number {
  const oldest = events.find((event) => event.isDurable);
  return oldest === undefined ? 0 : offsetTimeMs(oldest.offset);
}

function lookAgain({ store, graceMs }: SweepOptions, keys: UserKeys, atMs: number): Promise<void> {
  return store.custody.postpone(keys, atMs - graceMs);
}
