/**
 * Tokens: pieces of a text that grows on a user's screen. A token is a mark and nothing else, 17 bytes or so: longer than
 * what language models write at a time, so that its time can be told after a hub has put many of them together.
 */
import { readMark, toMark } from "./body.ts";

/** The payload of an event that is one token, and of one with several of them. */
export interface Token {
  readonly delta: string;
}

const OPEN = '"delta":"#';

/** A user's token `seq`, due at `dueUs` by the shared clock. */
export function createToken(seq: number, dueUs: number): string {
  return toMark(seq, dueUs);
}

/** Finds the tokens in the deltas of a text, in the text's order; answers how many there were. */
export function readTokens(text: string, take: (seq: number, dueUs: number) => void): number {
  let count = 0;
  for (let at = text.indexOf(OPEN); at >= 0; at = text.indexOf(OPEN, at)) {
    at += OPEN.length - 1;
    for (; text[at] === "#"; at++) {
      at = readMark(text, at + 1, take);
      count += 1;
    }
  }
  return count;
}
