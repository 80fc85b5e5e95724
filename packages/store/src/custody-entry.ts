/**
 * Entries of a user's parcel list, in log order: parcels (a BullMQ job holds the events) and tombstones (what expired or
 * was dropped in that place). One line of text each, so that scripts can read them:
 *
 *   p <from> <to> <job id> <count> <bytes> <durable count up to to> <durable bytes up to to>
 *   t <from> <to> <reason> <count> <bytes> <durable count up to to> <durable bytes up to to>
 *
 * `from` is the offset before the first event, `to` the last event's.
 */
import { GAP_REASONS, type GapReason, type Offset } from "@doorstep/protocol";

export interface ParcelEntry {
  readonly kind: "parcel";
  readonly from: Offset;
  readonly to: Offset;
  readonly jobId: string;
  readonly count: number;
  readonly bytes: number;
  /** Running counts of the log at `to`, for the accounts of `ack`. */
  readonly totalCount: number;
  readonly totalBytes: number;
}

export interface TombstoneEntry {
  readonly kind: "tombstone";
  readonly from: Offset;
  readonly to: Offset;
  readonly reason: GapReason;
  readonly count: number;
}

export type CustodyEntry = ParcelEntry | TombstoneEntry;

/** The list entry of a parcel. */
export function formatParcel(parcel: ParcelEntry): string {
  const { from, to, jobId, count, bytes, totalCount, totalBytes } = parcel;
  return `p ${from} ${to} ${jobId} ${count} ${bytes} ${totalCount} ${totalBytes}`;
}

/** Reads a list entry; undefined for what this version does not know. */
export function parseCustodyEntry(text: string): CustodyEntry | undefined {
  const [kind, from, to, name, count, bytes, totalCount, totalBytes] = text.split(" ");
  if (from === undefined || to === undefined || name === undefined || count === undefined) return undefined;
  if (kind === "p") {
    return {
      kind: "parcel",
      from,
      to,
      jobId: name,
      count: Number(count),
      bytes: Number(bytes),
      totalCount: Number(totalCount),
      totalBytes: Number(totalBytes),
    };
  }
  const reason = GAP_REASONS.find((known) => known === name);
  return kind === "t" && reason !== undefined
    ? { kind: "tombstone", from, to, reason, count: Number(count) }
    : undefined;
}
