/** A courier's two steps without the queue: read what is unheld, commit a parcel of it. */
import { maxOffset } from "@doorstep/protocol";

import type { HoldOutcome, Look, ParcelEntry, Store, Unheld, UserKeys } from "../../src/index.ts";

const NO_GRACE = { graceMs: 0, livePauseMs: 0, liveHoldMs: 0, liveGateways: new Set<string>() };

/** Looks at one user, whom no socket and no grace period keeps from being overdue. */
export async function look(store: Store, keys: UserKeys): Promise<Look | undefined> {
  const [one] = await store.custody.look([{ keys, sinceMs: 0 }], NO_GRACE);
  return one;
}

/** What a hold did, with the parcel it made; none where the range had nothing durable. */
export interface Held {
  readonly outcome: HoldOutcome;
  readonly parcel: ParcelEntry | undefined;
  readonly offsets: readonly string[];
}

/** Holds the next events of a user, at most `maxEvents` log entries. */
export async function hold(store: Store, keys: UserKeys, maxEvents = 100): Promise<Held> {
  return commit(store, keys, await store.custody.unheld(keys, maxEvents));
}

/** Commits what `unheld` returned. */
export async function commit(store: Store, keys: UserKeys, unheld: Unheld): Promise<Held> {
  const last = unheld.events.at(-1);
  if (last === undefined) return { outcome: "acked", parcel: undefined, offsets: [] };
  const durable = unheld.events.filter((entry) => entry.isDurable);
  const from = maxOffset(unheld.held, unheld.acked);
  const whole: ParcelEntry = {
    kind: "parcel",
    from,
    to: last.offset,
    jobId: `${keys.uid}.${from}.${last.offset}`,
    count: durable.length,
    bytes: durable.reduce((sum, entry) => sum + entry.body.length, 0),
    totalCount: last.totalCount,
    totalBytes: last.totalBytes,
  };
  const parcel = durable.length === 0 ? undefined : whole;
  const outcome = await store.custody.hold(keys, unheld.held, last.offset, parcel);
  return { outcome, parcel, offsets: durable.map((entry) => entry.offset) };
}

/** Holds the next events; throws where that does not make a parcel. */
export async function holdParcel(
  store: Store,
  keys: UserKeys,
  maxEvents = 100,
): Promise<{ parcel: ParcelEntry; offsets: readonly string[] }> {
  const { outcome, parcel, offsets } = await hold(store, keys, maxEvents);
  if (outcome !== "held" || parcel === undefined) throw new Error(`no parcel was made: ${outcome}`);
  return { parcel, offsets };
}
