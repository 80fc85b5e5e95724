/** A subscriber that remembers what it heard. */
import type { PushMessage, Store, Subscriber } from "../../src/index.ts";

export interface Heard {
  readonly channel: string;
  readonly push: PushMessage;
  /** The events, parsed. */
  readonly events: readonly Record<string, unknown>[];
}

export interface Ear {
  readonly subscriber: Subscriber;
  readonly heard: readonly Heard[];
  readonly malformed: readonly string[];
  lostCount(): number;
  restoredCount(): number;
  markCount(): number;
}

/** Opens a subscriber; closed with the store. */
export async function openEar(store: Store): Promise<Ear> {
  const heard: Heard[] = [];
  const malformed: string[] = [];
  let lost = 0;
  let restored = 0;
  let marks = 0;
  const subscriber = await store.openSubscriber({
    onPush: (channel, push) =>
      heard.push({ channel, push, events: JSON.parse(`[${push.events.toString()}]`) as Record<string, unknown>[] }),
    onMalformed: (channel) => malformed.push(channel),
    onLost: () => void lost++,
    onRestored: () => void restored++,
    onMark: () => void marks++,
  });
  return { subscriber, heard, malformed, lostCount: () => lost, restoredCount: () => restored, markCount: () => marks };
}
