/**
 * Escalation: a held event that nobody acknowledges for too long is told elsewhere (DESIGN section 6).
 *
 * What is told where and when is planned by the caller from the whole parcel, which never changes, so the plan is the same
 * at every look. What came of it so far stands beside the parcel, in the progress of its job. One look attempts what is
 * due, in this order for each escalation:
 *
 *   1 read the ack offset        what is acknowledged is left out; nothing left: cancelled
 *   2 attempt                    bounded in time; the same delivery id at every attempt
 *   3 read it again              what was acknowledged between 1 and 3 was told once too often, and is counted
 *   4 note the outcome           a courier that dies before this attempts again, under the same id
 *
 * After an escalation the events stay held, until they are acknowledged or expire.
 */
import { compareOffsets, type Offset } from "@doorstep/protocol";
import type { Store, UserKeys } from "@doorstep/store";
import type { Job } from "bullmq";

import { type EscalationState, escalationState, noteEscalation } from "./parcel-progress.ts";
import { eventsBetween, type Parcel, type ParcelData, type ParcelEvent } from "./parcel.ts";

/** Events of a parcel that go to one sink together. */
export interface PlannedEscalation {
  /** A word without spaces. */
  readonly sink: string;
  /** Redis' clock, milliseconds since 1970. */
  readonly dueAtMs: number;
  /** The last event's offset; with the sink it names the escalation within its parcel. */
  readonly to: Offset;
  /** In log order. */
  readonly events: readonly ParcelEvent[];
}

/** One attempt of an escalation. */
export interface EscalationAttempt {
  readonly sink: string;
  /** Of the parcel; the same at every attempt, as are `sink` and `to`. */
  readonly jobId: string;
  readonly to: Offset;
  readonly userId: string;
  /** Those that nobody has acknowledged, at least one. */
  readonly events: readonly ParcelEvent[];
  /** From 1. */
  readonly attempt: number;
  readonly dueAtMs: number;
}

/** How an attempt ended; only `retry` leaves the escalation open. `reason` is for people who look. */
export type EscalationOutcome =
  | { readonly kind: "delivered" | "gone" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "retry"; readonly reason: string; readonly afterMs: number };

/** What is counted: outcomes of attempts, escalations that an ack made needless, and events that were told in vain. */
export type EscalationCount = EscalationOutcome["kind"] | "cancelled" | "late_ack";

/** Where escalations go; the courier's business. */
export interface Escalator {
  /** Plans the escalations of a parcel's events, the earliest due first; always the same for the same events. */
  plan(events: readonly ParcelEvent[]): readonly PlannedEscalation[];
  /** Makes one attempt; never rejects for what a remote does. */
  attempt(attempt: EscalationAttempt): Promise<EscalationOutcome>;
  /** Told what is to be counted: attempts, or for `late_ack` events. */
  onCount(sink: string, count: EscalationCount, by: number): void;
}

/** When the first escalation of a parcel is due; undefined where none ever is. */
export function firstDueAtMs(escalator: Escalator | undefined, parcel: Parcel): number | undefined {
  return escalator?.plan(eventsBetween(parcel))[0]?.dueAtMs;
}

/** Attempts what is due of a parcel. Resolves with the time of the next look, by Redis' clock; undefined: none is left. */
export async function escalate(
  store: Store,
  escalator: Escalator,
  job: Job<ParcelData>,
  parcel: Parcel,
  nowMs: number,
): Promise<number | undefined> {
  const keys = store.custody.keysOfUid(parcel.uid);
  let nextAtMs = Infinity;
  for (const planned of escalator.plan(eventsBetween(parcel))) {
    const state = escalationState(job, nameOf(planned));
    if (state.end !== undefined) continue;
    const dueAtMs = state.nextAtMs ?? planned.dueAtMs;
    const again = dueAtMs > nowMs ? dueAtMs : await attempt(store, escalator, { job, keys, planned, state, nowMs });
    nextAtMs = Math.min(nextAtMs, again ?? Infinity);
  }
  return nextAtMs === Infinity ? undefined : nextAtMs;
}

interface Due {
  readonly job: Job<ParcelData>;
  readonly keys: UserKeys;
  readonly planned: PlannedEscalation;
  readonly state: EscalationState;
  readonly nowMs: number;
}

/** One attempt; resolves with the time of the next one, undefined where the escalation has ended. */
async function attempt(store: Store, escalator: Escalator, due: Due): Promise<number | undefined> {
  const { job, keys, planned, state, nowMs } = due;
  const { sink, to, dueAtMs } = planned;
  const isOpen = (acked: Offset) => (event: ParcelEvent) => compareOffsets(event.offset, acked) > 0;
  const [userId, { acked }] = await Promise.all([store.custody.userIdOf(keys), store.custody.unheld(keys, 1)]);
  const events = planned.events.filter(isOpen(acked));
  if (events.length === 0 || userId === undefined) {
    escalator.onCount(sink, "cancelled", 1);
    await note(due, { attempts: state.attempts, end: "cancelled" });
    return undefined;
  }
  const attempts = state.attempts + 1;
  const outcome = await escalator.attempt({
    sink,
    jobId: job.id ?? "",
    to,
    userId,
    events,
    attempt: attempts,
    dueAtMs,
  });
  escalator.onCount(sink, outcome.kind, 1);
  const { acked: ackedSince } = await store.custody.unheld(keys, 1);
  const late = events.length - events.filter(isOpen(ackedSince)).length;
  if (late > 0) escalator.onCount(sink, "late_ack", late);
  if (outcome.kind === "retry") {
    const againAtMs = nowMs + outcome.afterMs;
    await note(due, { attempts, nextAtMs: againAtMs }, `${sink} attempt ${attempts}: ${outcome.reason}`);
    return againAtMs;
  }
  if (outcome.kind === "delivered")
    await store.receipts.noteEscalated(
      keys,
      events.map(({ offset }) => offset),
    );
  const reason = outcome.kind === "refused" ? `: ${outcome.reason}` : "";
  await note(due, { attempts, end: outcome.kind }, `${sink} ${outcome.kind}${reason}`);
  return undefined;
}

function nameOf({ sink, to }: PlannedEscalation): string {
  return `${sink} ${to}`;
}

function note({ job, planned, nowMs }: Due, state: EscalationState, what?: string): Promise<void> {
  return noteEscalation(job, nameOf(planned), state, what === undefined ? undefined : { atMs: nowMs, what });
}
