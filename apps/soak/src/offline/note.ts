/** The events of this measurement: numbered, and of one size, so that bytes of Redis can be told per event. */
import { randomBytes, randomUUID } from "node:crypto";
import type { PublishItem } from "@doorstep/agent";
import { encodeEvent, utf8Length } from "@doorstep/protocol";

export const SOURCE = "urn:soak:offline";
/** Size of an event's JSON text in the log: id, time, type, source and data. */
export const BODY_BYTES = 300;

const TYPE = "note";
const BARE = { source: SOURCE, type: TYPE, data: { n: 0, pad: "" } };
/** What `n` and `pad` have together. */
const ROOM = BODY_BYTES - utf8Length(encodeEvent(BARE, randomUUID, Date.now()).body) + 1;

/** Text that nothing can make smaller, a piece of it for each event. */
const TEXT = randomBytes(64 * 1_024).toString("base64url");

/** The n-th event of a user. */
export function createNote(userId: string, n: number): PublishItem {
  const from = Math.floor(Math.random() * (TEXT.length - BODY_BYTES));
  const pad = TEXT.slice(from, from + ROOM - String(n).length);
  return { to: { userId }, type: TYPE, data: { n, pad } };
}
