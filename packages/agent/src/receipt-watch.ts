/**
 * Receipts as they change, for a publisher that wants to know without asking again and again itself.
 *
 * It asks with pauses that grow: what changes early is told early, and an event that waits for days costs one small call
 * every `maxPauseMs`. Nothing is kept in the hub for those who watch, and an event that nobody watches costs nothing.
 * States between two questions are passed over: an event that is held and acknowledged in one pause is told as acknowledged.
 */
import { setTimeout as delay } from "node:timers/promises";
import { DoorstepError, type EventId, type PublishResult, type UserId } from "@doorstep/protocol";
import type { EventState, Receipt } from "@doorstep/store";

import type { Hub } from "./hub.ts";

export interface WatchOptions {
  /** Ends the watch without an error. Default: it goes on to the event's end. */
  readonly signal?: AbortSignal;
  /** The pause before the second question, in milliseconds; each one is twice the last. @default 250 */
  readonly firstPauseMs?: number;
  /** The longest pause, in milliseconds. @default 10_000 */
  readonly maxPauseMs?: number;
}

/** By its id, or by what a publish answered. */
type EventName = EventId | Pick<PublishResult, "id" | "offset">;

/** States that an event leaves again. */
const OPEN_STATES: ReadonlySet<EventState> = new Set(["logged", "held", "escalated"]);

/**
 * Yields the receipt of an event now and after each change of its state, and ends with the state it ends in. A replay of its
 * dead letter is not waited for. While Redis is away it goes on asking. Throws NOT_FOUND, INVALID_USER, INVALID_OFFSET, and
 * CLOSED once the hub is closed.
 */
export async function* watchReceipt(
  hub: Pick<Hub, "receipt">,
  userId: UserId,
  event: EventName,
  { signal, firstPauseMs = 250, maxPauseMs = 10_000 }: WatchOptions = {},
): AsyncGenerator<Receipt, void, undefined> {
  let state: EventState | undefined;
  let pauseMs = firstPauseMs;
  for (;;) {
    if (signal?.aborted === true) return;
    const receipt = await ask(hub, userId, event);
    if (receipt !== undefined && receipt.state !== state) {
      state = receipt.state;
      yield receipt;
      if (!OPEN_STATES.has(state)) return;
    }
    await delay(pauseMs, undefined, { ...(signal && { signal }) }).catch(() => "the watch has ended");
    pauseMs = Math.min(pauseMs * 2, maxPauseMs);
  }
}

/** Undefined where it may be answered later. */
async function ask(hub: Pick<Hub, "receipt">, userId: UserId, event: EventName): Promise<Receipt | undefined> {
  try {
    return await hub.receipt(userId, event);
  } catch (error) {
    if (error instanceof DoorstepError && error.retryable) return undefined;
    throw error;
  }
}
