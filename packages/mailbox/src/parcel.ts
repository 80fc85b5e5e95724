/**
 * Parcels: what a BullMQ job of the mailbox holds, and where one parcel ends and the next begins.
 *
 * A parcel is immutable and never split. It holds every durable event of the log in (from, to], so a log that only grows
 * gives one id one content: whoever adds the same id again has built the same parcel, and BullMQ may ignore it.
 * It ends where the next event's deadline is too far from the first one's, so that it can expire as a whole.
 */
import { compareOffsets, type Offset, offsetTimeMs, utf8Length } from "@doorstep/protocol";
import type { ParcelEntry, UnheldEvent } from "@doorstep/store";

/** Most events of a parcel: BullMQ stores 146k events/s in jobs of 100, and 13k/s in jobs of one. */
export const PARCEL_MAX_EVENTS = 100;
/** Most bytes of bodies in a parcel; a single larger event still gets one of its own. */
export const PARCEL_MAX_BYTES = 1024 * 1024;

/** How far deadlines within a parcel may lie apart: this, or this part of the time that is left, whichever is more. */
const DEADLINE_SLACK_MS = 1_000;
const DEADLINE_SLACK_RATIO = 0.01;

/** An event as a parcel holds it. `body` is the JSON text that was logged, without the offset. */
export interface ParcelEvent {
  readonly offset: Offset;
  readonly body: string;
  /** Of events with one key a reader needs the last only. */
  readonly collapseKey?: string;
}

/** Data of a mailbox job; never changed once it is added. */
export interface ParcelData {
  readonly uid: string;
  /** The offset before the first event. */
  readonly from: Offset;
  /** The last event's offset. */
  readonly to: Offset;
  readonly count: number;
  readonly bytes: number;
  /** Running counts of the log at `to`. */
  readonly totalCount: number;
  readonly totalBytes: number;
  /** When the last of its events expires: Redis' clock, milliseconds since 1970. */
  readonly deadlineMs: number;
  /** Offset and body of each event, in log order, and its collapse key where it has one. */
  readonly events: readonly (readonly [Offset, string, string?])[];
}

/** Makes the job id of a parcel: no colon and never a bare integer, which BullMQ refuses. */
export function parcelJobId(uid: string, from: Offset, to: Offset): string {
  return `${uid}.${from}.${to}`;
}

/** Makes the entry of the user's parcel list that names a parcel. */
export function parcelEntry(data: ParcelData): ParcelEntry {
  const { uid, from, to, count, bytes, totalCount, totalBytes } = data;
  return { kind: "parcel", from, to, jobId: parcelJobId(uid, from, to), count, bytes, totalCount, totalBytes };
}

/** Tells when an event expires: at its own time, or `holdMs` after it was logged. */
export function deadlineOf(event: UnheldEvent, holdMs: number): number {
  return event.expiresAtMs > 0 ? event.expiresAtMs : offsetTimeMs(event.offset) + holdMs;
}

/** What a parcel is cut from. */
export interface Uncut {
  readonly uid: string;
  /** The later of held and acked at the read that gave the events. */
  readonly from: Offset;
  /** Log entries after `from`, in order; those of the stream class are passed over. */
  readonly events: readonly UnheldEvent[];
  readonly holdMs: number;
  /** Redis' clock. */
  readonly nowMs: number;
}

/** Cuts the first parcel; undefined where no entry is durable. */
export function cutParcel({ uid, from, events, holdMs, nowMs }: Uncut): ParcelData | undefined {
  const durable = events.filter((event) => event.isDurable);
  const [first] = durable;
  if (first === undefined) return undefined;
  const leftMs = (event: UnheldEvent): number => Math.max(0, deadlineOf(event, holdMs) - nowMs);
  const slackMs = Math.max(DEADLINE_SLACK_MS, leftMs(first) * DEADLINE_SLACK_RATIO);

  let last = first;
  let deadlineMs = 0;
  let bytes = 0;
  const taken: [Offset, string, string?][] = [];
  for (const event of durable.slice(0, PARCEL_MAX_EVENTS)) {
    const eventBytes = utf8Length(event.body);
    if (taken.length > 0 && bytes + eventBytes > PARCEL_MAX_BYTES) break;
    if (Math.abs(leftMs(event) - leftMs(first)) > slackMs) break;
    taken.push(event.collapseKey === "" ? [event.offset, event.body] : [event.offset, event.body, event.collapseKey]);
    bytes += eventBytes;
    deadlineMs = Math.max(deadlineMs, deadlineOf(event, holdMs));
    last = event;
  }
  return {
    uid,
    from,
    to: last.offset,
    count: taken.length,
    bytes,
    totalCount: last.totalCount,
    totalBytes: last.totalBytes,
    deadlineMs,
    events: taken,
  };
}

/** Lists a parcel's events after one offset and up to another (default: to its end). */
export function eventsBetween(data: ParcelData, after: Offset, upTo: Offset = data.to): ParcelEvent[] {
  return data.events
    .filter(([offset]) => compareOffsets(offset, after) > 0 && compareOffsets(offset, upTo) <= 0)
    .map(([offset, body, collapseKey]) =>
      collapseKey === undefined ? { offset, body } : { offset, body, collapseKey },
    );
}
