/**
 * Parcels: what a BullMQ job of the mailbox holds, and where one parcel ends and the next begins. In the job its events are
 * packed (parcel-events.ts).
 *
 * A parcel is immutable and never split. It holds every durable event of the log in (from, to], so a log that only grows
 * gives one id one content: whoever adds the same id again has built the same parcel, and BullMQ may ignore it.
 * It ends where the next event's deadline is too far from the first one's, so that it can expire as a whole.
 */
import { compareOffsets, type Offset, offsetTimeMs } from "@doorstep/protocol";
import type { ParcelEntry, UnheldEvent } from "@doorstep/store";

import { packEvents, type ParcelLine, unpackEvents } from "./parcel-events.ts";

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

/** What is known of a parcel besides its events. */
export interface ParcelHead {
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
}

export interface Parcel extends ParcelHead {
  /** In log order. */
  readonly events: readonly ParcelLine[];
}

/** Data of a mailbox job; never changed once it is added. */
export interface ParcelData extends ParcelHead {
  /** The events, packed. */
  readonly events: string;
}

/** Makes the job id of a parcel: no colon and never a bare integer, which BullMQ refuses. */
export function parcelJobId(uid: string, from: Offset, to: Offset): string {
  return `${uid}.${from}.${to}`;
}

/** Makes the entry of the user's parcel list that names a parcel. */
export function parcelEntry(parcel: ParcelHead): ParcelEntry {
  const { uid, from, to, count, bytes, totalCount, totalBytes } = parcel;
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
export function cutParcel({ uid, from, events, holdMs, nowMs }: Uncut): Parcel | undefined {
  const durable = events.filter((event) => event.isDurable);
  const [first] = durable;
  if (first === undefined) return undefined;
  const leftMs = (event: UnheldEvent): number => Math.max(0, deadlineOf(event, holdMs) - nowMs);
  const slackMs = Math.max(DEADLINE_SLACK_MS, leftMs(first) * DEADLINE_SLACK_RATIO);

  let last = first;
  let deadlineMs = 0;
  let bytes = 0;
  const taken: ParcelLine[] = [];
  for (const event of durable.slice(0, PARCEL_MAX_EVENTS)) {
    const eventBytes = Buffer.byteLength(event.body);
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

/** Makes the data of a parcel's job. */
export function packParcel(parcel: Parcel): ParcelData {
  return { ...parcel, events: packEvents(parcel.events) };
}

/** Reads a parcel from the data of its job; throws an Error that names it where its events cannot be read. */
export function unpackParcel(data: ParcelData): Parcel {
  try {
    return { ...data, events: unpackEvents(data.events, data) };
  } catch (error) {
    throw new Error(`the events of parcel ${parcelEntry(data).jobId} cannot be read`, { cause: error });
  }
}

/** Makes of the data of a parcel's job what people can read: the events unpacked, where they can be. */
export function showParcel(data: ParcelData): Parcel | ParcelData {
  try {
    return unpackParcel(data);
  } catch {
    return data;
  }
}

/** Lists a parcel's events after one offset and up to another, by default all of them. */
export function eventsBetween({ from, to, events }: Parcel, after = from, upTo = to): ParcelEvent[] {
  return events
    .filter(([offset]) => compareOffsets(offset, after) > 0 && compareOffsets(offset, upTo) <= 0)
    .map(([offset, body, collapseKey]) =>
      collapseKey === undefined ? { offset, body } : { offset, body, collapseKey },
    );
}
