/**
 * The packed form of a parcel's events, as the data of its job has them: JSON, compressed by raw deflate, in base64.
 *
 * A job's data is JSON text, in which a body would stand with a backslash before each of its quotes; packed, events take half
 * of that or less. To read a pack by hand:
 *
 *   node -p "zlib.inflateRawSync(Buffer.from('...', 'base64')).toString()"
 *
 * Unpacking is bounded by what the caller says that a pack may hold: a few bytes can stand for a gigabyte.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Offset } from "@doorstep/protocol";

/** Offset and body of an event, and its collapse key where it has one. */
export type ParcelLine = readonly [Offset, string, string?];

/** What higher levels make smaller by less than 1 % of a typical parcel. */
const LEVEL = 3;

/** Most that JSON makes of a byte: `\u0000`. */
const JSON_BYTES_PER_BYTE = 6;
/** More than a line has besides its body: offset, collapse key and punctuation. */
const LINE_BYTES = 1_024;

/** How much a pack may hold at most. */
export interface PackBounds {
  /** Lines. */
  readonly count: number;
  /** Bytes of their bodies. */
  readonly bytes: number;
}

/** Packs events. */
export function packEvents(lines: readonly ParcelLine[]): string {
  return deflateRawSync(JSON.stringify(lines), { level: LEVEL }).toString("base64");
}

/** Unpacks events; throws an Error where the text is no pack, or one of more than the bounds or of another count. */
export function unpackEvents(pack: string, { count, bytes }: PackBounds): ParcelLine[] {
  const maxOutputLength = JSON_BYTES_PER_BYTE * bytes + LINE_BYTES * (count + 1);
  // Without this zlib would take NaN, and Infinity, for no bound.
  if (!Number.isSafeInteger(maxOutputLength)) throw new RangeError(`maxOutputLength must not be ${maxOutputLength}`);
  const lines: unknown = JSON.parse(inflateRawSync(Buffer.from(pack, "base64"), { maxOutputLength }).toString("utf8"));
  if (!Array.isArray(lines) || lines.length !== count || !lines.every(isLine)) {
    throw new TypeError(`the pack has not ${count} events`);
  }
  return lines;
}

function isLine(line: unknown): line is ParcelLine {
  if (!Array.isArray(line)) return false;
  const [offset, body, collapseKey]: unknown[] = line;
  return typeof offset === "string" && typeof body === "string" && ["string", "undefined"].includes(typeof collapseKey);
}
