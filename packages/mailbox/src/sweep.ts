/**
 * Sweep: walks due indexes and holds what has waited longer than the grace period (DESIGN section 6).
 *
 *   the oldest waiting event is younger than the grace period  -> look again when it is not (`young`)
 *   a socket of the user is up, and that event not yet old     -> look again after two ping intervals (`live`)
 *   otherwise                                                  -> into parcels (`held`)
 *
 * The score of a user in the index says since when events wait, by Redis' clock. It may be older than the oldest waiting
 * event, since an ack of a part leaves it; so the event itself decides. Redis does so for a page of users at a time (look.lua),
 * since most of them are connected and will acknowledge, and nothing of theirs has to be read.
 *
 * A live socket only delays: one that never acknowledges must not hide events from escalation (P3).
 *
 * A round is a sweep of all partitions. Where a page of due users is full, it is left to be shared: see schedule.ts.
 */
import { setTimeout as rest } from "node:timers/promises";
import type { Look, LookTerms, UserKeys } from "@doorstep/store";

import { type HoldOptions, holdUser } from "./hold.ts";
import { inLanes } from "./lane.ts";
import type { OnError } from "./queue.ts";
import type { QuietPartitions } from "./quiet-partitions.ts";
import { releaseParcels } from "./release.ts";

/** Users that are found at a time: asking all indexes costs more than the users they name. A round of more is shared. */
const DUE_USERS = 128;
/** Users that are looked at in one call, a quarter of a millisecond in which Redis does nothing else. */
const PAGE_USERS = 8;
/**
 * How long a sweep rests after a page in which nobody had to be held, by the time the look took. A crowd that came at once
 * becomes due at once, and to look at it is not urgent: live events pass in between.
 */
const REST_FACTOR = 4;
/** However slow Redis was: a sweep is to end soon where its courier does. */
const LONGEST_REST_MS = 50;
/**
 * Users of a page that are held at once; a courier walks up to eight slices side by side. Few, since a hold keeps Redis busy
 * for a tenth of a millisecond, and what is on its way together delays what live users get.
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
  /** What earlier sweeps found out. */
  readonly quiet: QuietPartitions;
  /** Told about each user whose sweep failed. */
  readonly onError: OnError;
}

/**
 * Sweeps partitions until all are done or `signal` aborts; what is left stays due. A round that has much to do does nothing and
 * answers undefined. Rejects where Redis does not answer or takes no writes.
 */
export async function sweep(
  options: SweepOptions,
  partitions: readonly number[],
  signal: AbortSignal,
  isRound = false,
): Promise<SweepCounts | undefined> {
  const { store, graceMs, pingIntervalMs, liveHoldMs, quiet } = options;
  const counts: SweepCounts = { held: 0, young: 0, live: 0, settled: 0, failed: 0 };
  const awake = quiet.awake(partitions);
  if (awake.length === 0) return counts;
  const askedAtMs = performance.now();
  const nowMs = await store.nowMs();
  const findDue = () =>
    store.custody.due(awake, nowMs - graceMs, DUE_USERS, (partition, firstMs) =>
      quiet.note(partition, firstMs, nowMs, askedAtMs),
    );
  let due = await findDue();
  if (due.length === 0) return counts;
  if (isRound && due.length >= DUE_USERS) return undefined;
  const liveGateways = await store.presence.liveGateways();
  const terms: LookTerms = { graceMs, livePauseMs: 2 * pingIntervalMs, liveHoldMs, liveGateways };
  while (due.length > 0 && !signal.aborted) {
    for (let from = 0; from < due.length && !signal.aborted; from += PAGE_USERS) {
      const startedMs = performance.now();
      const looks = await store.custody.look(due.slice(from, from + PAGE_USERS), terms);
      const tookMs = performance.now() - startedMs;
      if (looks.every(({ outcome }) => outcome !== "overdue"))
        await rest(Math.min(REST_FACTOR * tookMs, LONGEST_REST_MS));
      await inLanes(looks, LANES, async (look) => {
        if (!signal.aborted) counts[await tryEnd(options, look)] += 1;
      });
    }
    due = due.length < DUE_USERS ? [] : await findDue();
  }
  return counts;
}

/** One user that cannot be swept must not stop the others; that Redis takes the postponement shows that it is only one. */
async function tryEnd(options: SweepOptions, look: Look): Promise<SweepOutcome> {
  const { store, graceMs, onError } = options;
  try {
    return await end(options, look);
  } catch (error) {
    onError(error, "sweep");
    await store.custody.postpone(look.keys, (await store.nowMs()) + FAILED_PAUSE_MS - graceMs);
    return "failed";
  }
}

/** Does what a look asks for. */
async function end(options: SweepOptions, { keys, outcome, hasLitter, problem }: Look): Promise<SweepOutcome> {
  if (hasLitter) await clearLitter(options, keys);
  if (outcome === "failed") throw new Error(problem);
  if (outcome !== "overdue") return outcome;
  await holdUser(options, keys);
  return "held";
}

/** Removes from BullMQ what a full mailbox let go of. */
async function clearLitter({ store, queues, onError }: SweepOptions, keys: UserKeys): Promise<void> {
  const jobIds = await store.custody.litter(keys);
  await releaseParcels(queues, keys, jobIds, onError);
  await store.custody.clearLitter(keys, jobIds.length);
}
