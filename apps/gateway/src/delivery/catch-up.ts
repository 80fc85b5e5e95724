/**
 * Catch-up: the next page of what a socket has not got, from the log and, where the log no longer has it, from parcels;
 * tombstones and what was trimmed become gaps in their place (P2).
 *
 * A page is a list of items in offset order. Where the position is beyond the log's head, the log lost what the client
 * saw, and the only honest answer is a gap of reason `failover`.
 */
import {
  compareOffsets,
  type Gap,
  maxOffset,
  minOffset,
  type Offset,
  offsetTimeMs,
  ZERO_OFFSET,
} from "@doorstep/protocol";
import type { Mailbox } from "@doorstep/mailbox";
import type { Custody, LogEntry, Page, ParcelEntry, Store, UserKeys } from "@doorstep/store";
import { spliceOffset } from "./frame.ts";

export type CatchUpItem =
  | { readonly kind: "events"; readonly chunks: Buffer[]; last: Offset }
  | { readonly kind: "gap"; readonly gap: Gap };

export interface CatchUpPage {
  /** Where the page started, and where it ends. */
  readonly from: Offset;
  readonly to: Offset;
  readonly head: Offset;
  readonly acked: Offset;
  readonly items: readonly CatchUpItem[];
}

const PAGE_EVENTS = 500;
const PAGE_BYTES = 256 * 1024;

export class CatchUp {
  readonly #store: Store;
  readonly #mailbox: Mailbox;

  constructor(store: Store, mailbox: Mailbox) {
    this.#store = store;
    this.#mailbox = mailbox;
  }

  /**
   * Reads the page after an offset, after what is acknowledged, or nothing at all (`"$"`). Throws UNAVAILABLE. `told` is
   * the mark of lost writes that the client knows of: a later one becomes a gap once the page passes it.
   */
  async read(keys: UserKeys, after: Offset | "acked" | "$", told: Offset): Promise<CatchUpPage> {
    const page = await this.#store.log.read(keys, after, PAGE_EVENTS, PAGE_BYTES);
    const mark = this.#store.history.markOf(keys.partition);
    if (compareOffsets(page.after, page.head) > 0) return beyondPage(page, mark, this.#store.limits.holdMs);
    const composed = await this.#compose(page, keys);
    // Who acknowledged something later than the mark has been on this side of it.
    const isAfterMark = after === "acked" && !isBelow(page.after, mark);
    return isBelow(told, mark) && !isAfterMark ? tellMark(composed, mark) : composed;
  }

  async #compose(page: Page, keys: UserKeys): Promise<CatchUpPage> {
    const composer = new Composer(page);
    const needsParcels = page.entries.length === 0 && page.custody.some((entry) => isBelow(entry.from, page.trimmed));
    if (needsParcels) await this.#composeParcels(composer, page, keys);
    else composeLog(composer, page);
    return { from: page.after, to: composer.position, head: page.head, acked: page.acked, items: composer.items };
  }

  /** Parcels and tombstones of what the log no longer has; ends at `trimmed` at the latest. */
  async #composeParcels(composer: Composer, page: Page, keys: UserKeys): Promise<void> {
    for (const entry of page.custody) {
      if (!isBelow(entry.from, page.trimmed) || composer.bytes >= PAGE_BYTES) return;
      if (entry.kind === "tombstone")
        composer.addGap(entry.from, entry.to, { reason: entry.reason, count: entry.count });
      else if (!(await this.#addParcel(composer, entry, keys, page.trimmed))) return;
    }
    composer.moveTo(page.trimmed);
  }

  /** Adds a parcel's events; false where it was acknowledged meanwhile, so that the page has to be read again. */
  async #addParcel(composer: Composer, parcel: ParcelEntry, keys: UserKeys, trimmed: Offset): Promise<boolean> {
    const upTo = minOffset(parcel.to, trimmed);
    const events = await this.#mailbox.readParcel(parcel, keys, composer.position, upTo);
    if (events === undefined) {
      const custody: Custody = this.#store.custody;
      if (!(await custody.isListed(keys, parcel))) return false;
      composer.addGap(parcel.from, upTo, { reason: "dropped", count: parcel.count });
      return true;
    }
    for (const { offset, body } of events) composer.addEvent({ offset, body: Buffer.from(body) });
    composer.moveTo(upTo);
    return true;
  }
}

/**
 * Log entries, with the tombstones of expired ones in their places. What the log still has inside a tombstone, events of
 * the stream class, goes with it: nobody could tell where between them something is missing.
 */
function composeLog(composer: Composer, page: Page): void {
  let next = 0;
  const entries = page.entries;
  const isComplete = entries.length === 0 || entries.at(-1)?.offset === page.head;
  const end = isComplete ? page.head : (entries.at(-1)?.offset ?? page.head);
  for (const entry of page.custody) {
    if (entry.kind !== "tombstone" || !isBelow(entry.from, end)) continue;
    for (let log = entries[next]; log !== undefined && !isBelow(entry.from, log.offset); log = entries[++next]) {
      composer.addEvent(log);
    }
    composer.addGap(entry.from, entry.to, { reason: entry.reason, count: entry.count });
  }
  for (let log = entries[next]; log !== undefined; log = entries[++next]) composer.addEvent(log);
  // Nothing where something has to be: the log was deleted under its hash.
  const known = maxOffset(composer.position, page.trimmed);
  if (entries.length === 0 && isBelow(known, end)) composer.addGap(known, end, { reason: "dropped" });
  composer.moveTo(end);
}

/**
 * The log ends before the offset: the client stands on a mark it was told of; or writes were lost; or, where nothing is
 * left at all, everything expired long ago.
 */
function beyondPage(page: Page, mark: Offset, keepMs: number): CatchUpPage {
  const { after: from, head, acked } = page;
  if (from === mark) return { from, to: mark, head: mark, acked, items: [] };
  const isExpired = head === ZERO_OFFSET && offsetTimeMs(from) < Date.now() - keepMs;
  if (isExpired) return { from, to: head, head, acked, items: [] };
  const to = maxOffset(head, mark);
  return { from, to, head: to, acked, items: [{ kind: "gap", gap: { from, to, reason: "failover", possible: true } }] };
}

/** Adds the gap of a mark where a page reaches it, or the end of the log: from there on nothing is missing. */
function tellMark(page: CatchUpPage, mark: Offset): CatchUpPage {
  const isPassing = page.to === page.head || !isBelow(page.to, mark);
  if (!isPassing) return page;
  const to = maxOffset(page.to, mark);
  const gap: Gap = { from: page.from, to, reason: "failover", possible: true };
  return { ...page, to, head: maxOffset(page.head, to), items: [...page.items, { kind: "gap", gap }] };
}

function isBelow(a: Offset, b: Offset): boolean {
  return compareOffsets(a, b) < 0;
}

/** Gathers items in order and knows the position reached. */
class Composer {
  readonly items: CatchUpItem[] = [];
  position: Offset;
  bytes = 0;

  constructor(page: Page) {
    this.position = page.after;
    // What was trimmed but not acknowledged is in parcels; only below both is something gone for this socket.
    const gone = minOffset(page.trimmed, page.acked);
    if (isBelow(page.after, gone)) this.addGap(page.after, gone, { reason: "trimmed" });
  }

  addEvent({ offset, body }: LogEntry): void {
    if (compareOffsets(offset, this.position) <= 0) return;
    const chunk = spliceOffset(offset, body);
    const last = this.items.at(-1);
    if (last?.kind === "events") {
      last.chunks.push(chunk);
      last.last = offset;
    } else this.items.push({ kind: "events", chunks: [chunk], last: offset });
    this.bytes += chunk.length;
    this.position = offset;
  }

  addGap(from: Offset, to: Offset, why: Pick<Gap, "reason" | "count">): void {
    if (compareOffsets(to, this.position) <= 0) return;
    this.items.push({ kind: "gap", gap: { from: maxOffset(from, this.position), to, ...why } });
    this.position = to;
  }

  moveTo(offset: Offset): void {
    this.position = maxOffset(this.position, offset);
  }
}
