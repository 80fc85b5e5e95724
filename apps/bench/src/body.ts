/**
 * The payload, equal for all targets: 300 bytes of JSON that tell a user's event number and when the event was due.
 *
 * Both stand in a mark that is found in the text of a frame, however it wraps the payload and however many it holds: the
 * clients never parse JSON per event. The rest is text that does not compress, a different piece of it for each event.
 */
import { randomBytes } from "node:crypto";

export interface Body {
  readonly mark: string;
  readonly pad: string;
}

/** Length of the payload's JSON text. */
export const BODY_BYTES = 300;

const OPEN = '"mark":"#';
const ROOM = BODY_BYTES - JSON.stringify({ mark: "", pad: "" }).length;
const TEXT = randomBytes(64 * 1_024).toString("base64url");

/** The payload of a user's event `seq`, due at `dueUs` by the shared clock. */
export function createBody(seq: number, dueUs: number): Body {
  const mark = toMark(seq, dueUs);
  const from = Math.floor(Math.random() * (TEXT.length - ROOM));
  return { mark, pad: TEXT.slice(from, from + ROOM - mark.length) };
}

/** Finds the marks in a text and hands each on, in the text's order; answers how many there were. */
export function readMarks(text: string, take: (seq: number, dueUs: number) => void): number {
  let count = 0;
  for (let at = text.indexOf(OPEN); at >= 0; at = text.indexOf(OPEN, at)) {
    at = readMark(text, at + OPEN.length, take);
    count += 1;
  }
  return count;
}

/** Writes a mark; it begins and ends with a #. */
export function toMark(seq: number, dueUs: number): string {
  return `#${seq}.${Math.round(dueUs)}#`;
}

/** Reads the mark whose number begins at `from`; answers where its last # is. */
export function readMark(text: string, from: number, take: (seq: number, dueUs: number) => void): number {
  const dot = text.indexOf(".", from);
  const end = text.indexOf("#", dot);
  if (dot < 0 || end < 0) throw new Error(`a mark without an end: ${text.slice(from, from + 40)}`);
  take(Number(text.slice(from, dot)), Number(text.slice(dot + 1, end)));
  return end;
}
