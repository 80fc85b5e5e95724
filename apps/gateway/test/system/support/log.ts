/** The truth to compare devices with: a user's log as Redis has it. */
import { bodyOf, type Store } from "@doorstep/store";
import type { Envelope, Offset } from "@doorstep/protocol";

/** An event that stands in a log. */
export interface Logged {
  readonly id: string;
  readonly offset: Offset;
}

/** All events in a user's log, in order. */
export async function readEvents(store: Store, userId: string): Promise<Logged[]> {
  const keys = store.log.keysOf(userId);
  const events: Logged[] = [];
  for (let after: Offset = "0-0"; ;) {
    const { entries } = await store.log.read(keys, after, 1_000, 1_000_000);
    if (entries.length === 0) return events;
    for (const entry of entries) {
      events.push({ id: (JSON.parse(bodyOf(entry)) as Envelope).id, offset: entry.offset });
      after = entry.offset;
    }
  }
}

/** All offsets in a user's log, in order. */
export async function readLog(store: Store, userId: string): Promise<Offset[]> {
  return (await readEvents(store, userId)).map(({ offset }) => offset);
}
