/**
 * What a user's mailbox has to be after any sequence of operations, kept as a plain list of everything ever appended.
 *
 * `checkAgainst` compares Redis with it: nothing undelivered is lost (it lies in the log, in a listed parcel, or under a
 * tombstone), counts agree, offsets grow, and each entry names the one that was appended before it.
 */
import { expect } from "@jest/globals";

import { compareOffsets, maxOffset, ZERO_OFFSET } from "@doorstep/protocol";

import type { CustodyEntry, ParcelEntry, RedisConnection, Store, UserKeys } from "../../src/index.ts";
import { storedLog } from "./log-view.ts";

export interface ModelEvent {
  readonly id: string;
  readonly offset: string;
  readonly isDurable: boolean;
  isExpired: boolean;
}

/** A parcel that was committed, with the offsets of its events. */
export interface ModelParcel {
  readonly parcel: ParcelEntry;
  readonly offsets: readonly string[];
}

export interface Model {
  readonly events: ModelEvent[];
  parcels: ModelParcel[];
  acked: string;
  held: string;
}

/** The mailbox of a user nobody published to. */
export function emptyModel(): Model {
  return { events: [], parcels: [], acked: ZERO_OFFSET, held: ZERO_OFFSET };
}

/** Events that are neither acknowledged nor expired and ask for it. */
export function undeliveredOf(model: Model): ModelEvent[] {
  return model.events.filter((e) => e.isDurable && !e.isExpired && isAfter(e.offset, model.acked));
}

/** Compares everything Redis has of a user with the model. */
export async function checkAgainst(model: Model, store: Store, raw: RedisConnection, keys: UserKeys): Promise<void> {
  const stored = await storedLog(raw, keys);
  const { custody, trimmed } = await store.log.read(keys, ZERO_OFFSET, 1, 1);
  const history = model.events.map((e) => e.offset);
  const logged = new Set(stored.map((entry) => entry.offset));

  expect(history).toEqual([...new Set(history)].sort(compareOffsets));
  for (const entry of stored) expect(entry.prev).toBe(history[history.indexOf(entry.offset) - 1] ?? ZERO_OFFSET);

  const settled = maxOffset(model.acked, model.held);
  for (const e of undeliveredOf(model)) {
    const isParcelled = custody.some((entry) => entry.kind === "parcel" && covers(entry, e.offset));
    expect(logged.has(e.offset) || isParcelled).toBe(true);
    if (isAfter(e.offset, settled)) expect(logged).toContain(e.offset);
  }
  for (const e of model.events) {
    if (isAfter(e.offset, trimmed)) expect(logged.has(e.offset)).toBe(!e.isExpired);
    else expect(logged).not.toContain(e.offset);
    if (e.isExpired && isAfter(e.offset, model.acked)) {
      expect(custody.some((entry) => entry.kind === "tombstone" && covers(entry, e.offset))).toBe(true);
    }
  }
  expect(custody.filter((entry) => entry.kind === "parcel")).toEqual(model.parcels.map(({ parcel }) => parcel));

  const isWaiting = undeliveredOf(model).some((e) => isAfter(e.offset, settled));
  expect((await raw.zscore(keys.due, keys.uid)) !== null).toBe(isWaiting);
  await checkCount(model, store, keys, custody);
}

/** No receipt claims what is not so: an acknowledgement above all, and custody of what waits. */
export async function checkReceipts(model: Model, store: Store, keys: UserKeys): Promise<void> {
  const { acked, parcels } = model;
  for (const e of model.events) {
    const { state } = await store.receipts.receipt(keys, e.id, e.offset);
    if (e.isExpired) expect(["expired", ...(isAfter(e.offset, acked) ? [] : ["gone"])]).toContain(state);
    else if (!isAfter(e.offset, acked))
      expect([...(e.isDurable ? [] : ["expired"]), "acknowledged", "gone"]).toContain(state);
    else if (e.isDurable)
      expect(state).toBe(parcels.some(({ parcel }) => covers(parcel, e.offset)) ? "held" : "logged");
    else expect(state).not.toBe("acknowledged");
  }
}

/** The count is exact, but for what was acknowledged inside a parcel that the log has no trace of any more. */
async function checkCount(model: Model, store: Store, keys: UserKeys, custody: readonly CustodyEntry[]): Promise<void> {
  const [state] = await store.log.heads([keys]);
  const exact = undeliveredOf(model).length;
  const opened = custody.find((entry) => isAfter(model.acked, entry.from));
  const uncertain = model.events.filter(
    (e) => opened !== undefined && e.isDurable && covers(opened, e.offset) && !isAfter(e.offset, model.acked),
  );
  expect(state?.undelivered).toBeGreaterThanOrEqual(exact);
  expect(state?.undelivered).toBeLessThanOrEqual(exact + uncertain.length);
  expect(state?.head).toBe(model.events.at(-1)?.offset ?? ZERO_OFFSET);
}

function isAfter(a: string, b: string): boolean {
  return compareOffsets(a, b) > 0;
}

function covers(entry: CustodyEntry, offset: string): boolean {
  return isAfter(offset, entry.from) && !isAfter(offset, entry.to);
}
