/**
 * Replay: the events of a dead letter go back to their user, with the same event ids and new offsets, in three steps:
 *
 *   end      what a courier that was killed left undone: the tombstone in the parcel's place. Without it the log might still
 *            have the events, and nothing would be appended, and then they would expire for good
 *   append   all or none, as a retry: what the recent log has already is found by its id and not written again
 *   remove   the letter
 *
 * A crash between two steps leaves the letter, and whoever replays it again writes nothing twice as long as the log finds
 * the ids: within two minutes, or while the user had fewer than 128 events since. A refusal (MAILBOX_FULL and the like)
 * leaves the letter too. The events get the hub's hold time anew; an expiry of their own is over and is taken out.
 */
import { DoorstepError, type EncodedEvent, isRecord, type Offset, type PublishResult } from "@doorstep/protocol";
import type { Store } from "@doorstep/store";
import type { Queue } from "bullmq";

import { type DeadLetter, deadLetterId } from "./dead-letter.ts";
import { tryQueue } from "./queue.ts";

export type ReplayStep = "ended" | "appended";

export interface ReplayOptions {
  readonly store: Store;
  readonly queue: Queue<DeadLetter>;
  /** Called after each step; a throw there is a process that died there. For tests. */
  readonly onStep?: (step: ReplayStep) => Promise<void> | void;
}

/** Replays a letter and answers where its events stand now. Throws what an append throws, and INVALID_USER. */
export async function replayLetter(
  { store, queue, onStep }: ReplayOptions,
  letter: DeadLetter,
): Promise<PublishResult[]> {
  const { uid, userId, parcel, reason } = letter;
  if (userId === undefined) throw new DoorstepError("INVALID_USER", "nobody knows the user id of this letter any more");
  const events = letter.events.map(reviveEvent);
  await store.custody.expire(
    store.custody.keysOfUid(uid),
    parcel,
    reason,
    letter.events.map(([offset]) => offset),
  );
  await onStep?.("ended");
  const results = events.length === 0 ? [] : await store.log.append(userId, events, { isRetry: true });
  await onStep?.("appended");
  await tryQueue(() => queue.remove(deadLetterId(parcel.jobId)));
  return results;
}

/** Makes an event ready to be appended again; throws INVALID_EVENT where the body is not the JSON of an event. */
function reviveEvent([offset, logged]: readonly [Offset, string]): EncodedEvent {
  const id = idOf(logged, offset);
  const body = withoutExpiry(logged);
  // Without its collapse key: an old event must not take the place of a newer one.
  return { id, isCallerId: false, delivery: "durable", body, content: body, expiresAtMs: 0, collapseKey: "" };
}

function idOf(body: string, offset: Offset): string {
  let event: unknown;
  try {
    event = JSON.parse(body);
  } catch (error) {
    throw new DoorstepError("INVALID_EVENT", `the body at ${offset} is no JSON`, { cause: error });
  }
  const id = isRecord(event) ? event["id"] : undefined;
  if (typeof id !== "string") throw new DoorstepError("INVALID_EVENT", `the event at ${offset} has no id`);
  return id;
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]/g;
const KEY_BEFORE = /,\s*$/;
const VALUE_AFTER = /^\s*:\s*"[^"\\]*(?:\\.[^"\\]*)*"/;

/**
 * Cuts `expiresAt` out of an event's text. Not by parsing and writing it anew: JavaScript would round the large numbers that
 * publishers in other languages may have sent.
 */
function withoutExpiry(body: string): string {
  let depth = 0;
  for (const { 0: token, index } of body.matchAll(TOKEN)) {
    if (token === "{" || token === "[") depth += 1;
    else if (token === "}" || token === "]") depth -= 1;
    else if (depth === 1 && token === '"expiresAt"') {
      const value = VALUE_AFTER.exec(body.slice(index + token.length));
      const before = body.slice(0, index);
      // It is never the first key: a body starts with the id.
      if (value !== null && KEY_BEFORE.test(before)) {
        return before.replace(KEY_BEFORE, "") + body.slice(index + token.length + value[0].length);
      }
    }
  }
  return body;
}
