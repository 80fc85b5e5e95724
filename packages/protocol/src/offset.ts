/**
 * Offsets: the place of an event in its user's log (DESIGN section 3).
 *
 * An offset is a Redis Stream id, `<ms>-<n>`, of Redis' own clock. Offsets of one user only grow and are not dense.
 * Clients treat them as opaque text; only the hub compares them. Numbers of up to 20 digits exceed what a double holds
 * exactly, so they are compared as text of equal length.
 */
import { DoorstepError } from "./error.ts";
import type { Brand } from "./json.ts";

/** Place of an event in its user's log, `<ms>-<n>`; opaque to clients. */
export type Offset = Brand<string, "Offset">;

/** The offset before every event. */
export const ZERO_OFFSET: Offset = "0-0";

/** What a client presents to receive only what is published from now on. */
export const FROM_NOW = "$";

const OFFSET = /^(?:0|[1-9]\d{0,15})-(?:0|[1-9]\d{0,15})$/;

/** Whether `value` is a well-formed offset. */
export function isOffset(value: unknown): value is Offset {
  return typeof value === "string" && OFFSET.test(value);
}

/** Reads an offset from untrusted input; throws INVALID_OFFSET for anything else. */
export function parseOffset(value: unknown): Offset {
  if (isOffset(value)) return value;
  throw new DoorstepError("INVALID_OFFSET", "an offset is text of the form <ms>-<n>");
}

/** Tells the order of two offsets: negative, zero or positive, as sort functions want it. */
export function compareOffsets(a: Offset, b: Offset): number {
  if (a === b) return 0;
  const dashA = a.indexOf("-");
  const dashB = b.indexOf("-");
  return compareDigits(a, 0, dashA, b, 0, dashB) || compareDigits(a, dashA + 1, a.length, b, dashB + 1, b.length);
}

/** The later of two offsets. */
export function maxOffset(a: Offset, b: Offset): Offset {
  return compareOffsets(a, b) >= 0 ? a : b;
}

/** The earlier of two offsets. */
export function minOffset(a: Offset, b: Offset): Offset {
  return compareOffsets(a, b) <= 0 ? a : b;
}

/** The time in milliseconds since 1970 that an offset carries: Redis' clock at the append. */
export function offsetTimeMs(offset: Offset): number {
  return Number(offset.slice(0, offset.indexOf("-")));
}

function compareDigits(a: string, fromA: number, toA: number, b: string, fromB: number, toB: number): number {
  const length = toA - fromA - (toB - fromB);
  if (length !== 0) return length;
  for (let i = 0; fromA + i < toA; i++) {
    const difference = a.charCodeAt(fromA + i) - b.charCodeAt(fromB + i);
    if (difference !== 0) return difference;
  }
  return 0;
}
