/**
 * Expiry: what happens when a parcel's time comes. First it is decided where the parcel stands, in this order:
 *
 *   held and acked are both before its end   a courier died between the two steps of hold.ts, or is between them: the
 *                                            next sweep decides, so look again later
 *   no list names it                         released, expired before, or an orphan: done, without effect
 *   its deadline lies ahead                  an escalation may be due: attempt it; look again for the next, or then
 *   else                                     expired
 *
 * and an expired parcel ends in two steps that may be repeated: a dead letter under an id of its own, then a tombstone in
 * the parcel's place, from which a client that comes back learns of the gap (P3, P10). What was acknowledged meanwhile
 * is not in the dead letter.
 *
 * A parcel's job never fails: whatever goes wrong delays it, a failed escalation too. A parcel whose events cannot be read is
 * told about at each look, escalates nowhere, and expires as the others; its dead letter has what stands in their place.
 */
import { compareOffsets, maxOffset, type Offset } from "@doorstep/protocol";
import type { Store } from "@doorstep/store";
import { DelayedError, type Job, type Processor, type Queue } from "bullmq";

import type { DeadLetter } from "./dead-letter.ts";
import { addLetter, type Retention, trimLetters } from "./dead-letter-retention.ts";
import { escalate, type Escalator } from "./escalation.ts";
import { type Parcel, type ParcelData, parcelEntry, unpackParcel } from "./parcel.ts";
import { parcelHistory } from "./parcel-progress.ts";
import type { OnError } from "./queue.ts";

/** When to look again at a parcel that is not committed: several sweeps later. */
const UNDECIDED_MS = 5_000;
/** When to try again after an error. */
const RETRY_MS = 10_000;

export interface ExpiryOptions {
  readonly store: Store;
  readonly deadLetters: Queue<DeadLetter>;
  readonly retention: Retention;
  /** Where events go that nobody acknowledges for too long. Default: nowhere. */
  readonly escalator?: Escalator | undefined;
  /** Called for each dead letter. */
  readonly onExpired?: (letter: DeadLetter) => void;
  /** Told about each parcel that has to be tried again. */
  readonly onError: OnError;
}

/** done: the job completes. Otherwise how long until the parcel is to be looked at again. */
type Decision = "done" | { readonly againInMs: number };

/** Creates the processor of the mailbox queues. */
export function createExpiry(options: ExpiryOptions): Processor<ParcelData> {
  return async (job, token) => {
    const decision = await tryDecide(options, job);
    if (decision !== "done") await delay(job, token, decision.againInMs);
  };
}

async function tryDecide(options: ExpiryOptions, job: Job<ParcelData>): Promise<Decision> {
  try {
    return await decide(options, job);
  } catch (error) {
    options.onError(error, "expiry");
    return { againInMs: RETRY_MS };
  }
}

async function decide(options: ExpiryOptions, job: Job<ParcelData>): Promise<Decision> {
  const { store } = options;
  const { data } = job;
  const { custody } = store;
  const entry = parcelEntry(data);
  const keys = custody.keysOfUid(data.uid);
  const { held, acked, lastDurable } = await custody.unheld(keys, 1);
  // A user hash that does not know the events has left, with the list. The events are here: they expire all the same.
  if (compareOffsets(data.to, lastDurable) <= 0) {
    if (compareOffsets(maxOffset(held, acked), data.to) < 0) return { againInMs: UNDECIDED_MS };
    // In this order: past `held` the commit is over, and whether a list names the parcel is decided.
    if (!(await custody.isListed(keys, entry))) return "done";
  }
  const now = await store.nowMs();
  const parcel = tryUnpack(options, data);
  if (now < data.deadlineMs) {
    const nextAtMs = options.escalator && parcel && (await escalate(store, options.escalator, job, parcel, now));
    return { againInMs: Math.min(nextAtMs ?? Infinity, data.deadlineMs) - now };
  }

  const letter = await writeLetter(options, job, parcel, acked, now);
  await addLetter(options.deadLetters, letter);
  const offsets = parcel === undefined ? [data.to] : parcel.events.map(([offset]) => offset);
  await custody.expire(keys, entry, letter.reason, offsets);
  options.onExpired?.(letter);
  await trimLetters(options.deadLetters, options.retention.maxCount);
  return "done";
}

function tryUnpack({ onError }: ExpiryOptions, data: ParcelData): Parcel | undefined {
  try {
    return unpackParcel(data);
  } catch (error) {
    onError(error, "expiry");
    return undefined;
  }
}

async function writeLetter(
  { store, retention }: ExpiryOptions,
  job: Job<ParcelData>,
  parcel: Parcel | undefined,
  acked: Offset,
  nowMs: number,
): Promise<DeadLetter> {
  const { uid, to } = job.data;
  const pack: unknown = job.data.events;
  const events = parcel?.events ?? [[to, typeof pack === "string" ? pack : JSON.stringify(pack ?? null)] as const];
  const unreadable = parcel === undefined ? [{ atMs: nowMs, what: "unreadable" }] : [];
  const userId = await store.custody.userIdOf(store.custody.keysOfUid(uid));
  return {
    uid,
    ...(userId === undefined ? {} : { userId }),
    reason: "expired",
    parcel: parcelEntry(job.data),
    events: events.flatMap(([offset, body]) => (compareOffsets(offset, acked) > 0 ? [[offset, body] as const] : [])),
    heldAtMs: job.timestamp,
    deadAtMs: nowMs,
    keptUntilMs: nowMs + retention.maxAgeMs,
    history: [
      { atMs: job.timestamp, what: "held" },
      ...parcelHistory(job),
      ...unreadable,
      { atMs: nowMs, what: "expired" },
    ],
  };
}

/** BullMQ counts delays by the clock of the process, so only the time that is left is taken from Redis' clock. */
async function delay(job: Job<ParcelData>, token: string | undefined, inMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + inMs, token);
  throw new DelayedError();
}
