/**
 * Catch-up: the next page of what a socket has not got, from the log and, where the log no longer has it, from parcels;
 * tombstones and what was trimmed become gaps in their place (P2).
 *
 * A page is a list of items in offset order. Where the position is not of this log, beyond its head or between two
 * neighbours, the log lost what the client saw. Then a gap of reason `failover` says so, and delivery goes on in the log as
 * it is now.
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
import { putOffset } from "./frame.ts";

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
  /** The mark of lost writes that this page tells of, where it does. */
  readonly told?: Offset;
  /** Whether the position was not of this log. */
  readonly isForeign?: boolean;
}

/** Who reads, and from where. */
export interface Position {
  /** After an offset, after what is acknowledged, or after everything (`"$"`), which reads nothing. */
  readonly after: Offset | "acked" | "$";
  /** The mark of lost writes that the client knows of: a later one becomes a gap once a page passes it. */
  readonly told: Offset;
  /** Whether the hub itself sent the event at `after`; else it is a client's word, which proves no loss. */
  readonly isSent: boolean;
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

  /** Reads the page after a position. Throws UNAVAILABLE. */
  async read(keys: UserKeys, position: Position): Promise<CatchUpPage> {
    const { log, history } = this.#store;
    const { after, told, isSent } = position;
    await history.settle();
    let mark = history.markOf(keys.partition);
    // Before the read: what is appended after it stands above the mark, also where clocks of masters differ.
    if (isBelow(told, mark)) await history.raiseFloor(keys, mark);
    const page = await log.read(keys, after, PAGE_EVENTS, PAGE_BYTES);
    // On a mark a client stands between events, or above all of them, and nothing is wrong.
    const isKnown = after === "acked" || after === "$" || page.after === mark || page.after === told;
    const isLost = !isKnown && isForeign(page) && !isExpired(page, this.#store.limits.holdMs);
    if (isLost && isSent) mark = await this.#findMark(keys, page.after);
    const hasNews = isBelow(told, mark);
    const composed = isLost ? await this.#rejoin(keys, page, isSent, hasNews) : await this.#compose(page, keys);
    if (!hasNews) return composed;
    // Who acknowledged something later than the mark has been on this side of it.
    const isAfterMark = after === "acked" && !isBelow(page.after, mark);
    return isAfterMark ? { ...composed, told: mark } : tellMark(composed, mark);
  }

  /** Notes that an event which was sent is lost; returns the mark of that, above which new offsets stay. */
  async #findMark(keys: UserKeys, sent: Offset): Promise<Offset> {
    const { history } = this.#store;
    await history.lose([keys.partition]);
    const mark = history.markOf(keys.partition);
    await history.raiseFloor(keys, maxOffset(mark, sent));
    return mark;
  }

  /**
   * The page of a position that is not of this log, read anew, now that the floor is above it: on from there, or from the
   * end of the log. From what is acknowledged where a client claims what Redis' clock has not come to, which no hub sent:
   * it would skip, and acknowledge, what nobody had. The loss is told first, unless nothing has to be taken back and the
   * gap of a mark follows.
   */
  async #rejoin(keys: UserKeys, lost: Page, isSent: boolean, isMarkToCome: boolean): Promise<CatchUpPage> {
    const { after, head, acked } = lost;
    const isPossible = isSent || offsetTimeMs(after) <= (await this.#store.nowMs());
    const from = minOffset(after, isPossible ? head : acked);
    const page = await this.#store.log.read(keys, from, PAGE_EVENTS, PAGE_BYTES);
    const composed = { ...(await this.#compose(page, keys)), isForeign: true };
    if (isMarkToCome && page.after === after) return composed;
    const gap: Gap = { from: after, to: page.after, reason: "failover", possible: true };
    return { ...composed, items: [{ kind: "gap", gap }, ...composed.items] };
  }

  async #compose(page: Page, keys: UserKeys): Promise<CatchUpPage> {
    if (compareOffsets(page.after, page.head) > 0) return emptyPage(page, this.#store.limits.holdMs);
    const composer = new Composer(page);
    const needsParcels = page.entries.length === 0 && page.custody.some((entry) => isBelow(entry.from, page.trimmed));
    if (needsParcels) await this.#composeParcels(composer, page, keys);
    else composeLog(composer, page);
    const items = composer.items.filter((item) => item.kind === "gap" || item.chunks.length > 0);
    return { from: page.after, to: composer.position, head: page.head, acked: page.acked, items };
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
    for (const event of events) composer.addEvent({ ...event, tail: Buffer.from(event.body.slice(1)) });
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

/** Whether the position of a page is not of its log: beyond the head, or between the next event and the one before that. */
function isForeign({ after, head, prev }: Page): boolean {
  return compareOffsets(after, head) > 0 || (prev !== undefined && isBelow(prev, after));
}

/** Whether that is no loss: everything of the user had expired, and nothing or something new is there. */
function isExpired({ after, head, prev }: Page, holdMs: number): boolean {
  return (prev ?? head) === ZERO_OFFSET && offsetTimeMs(after) < Date.now() - holdMs;
}

/** A page above the head: where the client stands, or at the beginning where all has expired. */
function emptyPage(page: Page, holdMs: number): CatchUpPage {
  const at = isExpired(page, holdMs) ? page.head : page.after;
  return { from: at, to: at, head: at, acked: page.acked, items: [] };
}

/**
 * Adds the gap of a mark where a page reaches it, or the end of the log: from there on nothing is missing. A page that
 * tells of a loss already tells of this one; its gap grows up to the mark where nothing follows it.
 */
function tellMark(page: CatchUpPage, mark: Offset): CatchUpPage {
  const isPassing = page.to === page.head || !isBelow(page.to, mark);
  if (!isPassing) return page;
  const to = maxOffset(page.to, mark);
  const told = page.items.find((item) => item.kind === "gap" && item.gap.reason === "failover");
  const moved = { ...page, to, head: maxOffset(page.head, to), told: mark };
  if (told !== undefined && told !== page.items.at(-1)) return moved;
  const from = told?.kind === "gap" ? told.gap.from : page.from;
  const gap: Gap = { from, to, reason: "failover", possible: true };
  return { ...moved, items: [...page.items.filter((item) => item !== told), { kind: "gap", gap }] };
}

function isBelow(a: Offset, b: Offset): boolean {
  return compareOffsets(a, b) < 0;
}

/** Gathers items in order and knows the position reached. */
class Composer {
  readonly items: CatchUpItem[] = [];
  readonly #latest = new Map<string, Buffer>();
  position: Offset;
  bytes = 0;

  constructor(page: Page) {
    this.position = page.after;
    // What was trimmed but not acknowledged is in parcels; only below both is something gone for this socket.
    const gone = minOffset(page.trimmed, page.acked);
    if (isBelow(page.after, gone)) this.addGap(page.after, gone, { reason: "trimmed" });
  }

  addEvent({ offset, tail, collapseKey }: LogEntry): void {
    if (compareOffsets(offset, this.position) <= 0) return;
    const chunk = putOffset(offset, tail);
    if (collapseKey !== undefined) this.#collapse(collapseKey, chunk);
    const last = this.items.at(-1);
    if (last?.kind === "events") {
      last.chunks.push(chunk);
      last.last = offset;
    } else this.items.push({ kind: "events", chunks: [chunk], last: offset });
    this.bytes += chunk.length;
    this.position = offset;
  }

  /** Takes back what this page has of a key: of events with one key the last counts. */
  #collapse(key: string, chunk: Buffer): void {
    const earlier = this.#latest.get(key);
    this.#latest.set(key, chunk);
    if (earlier === undefined) return;
    for (const item of this.items) {
      const at = item.kind === "events" ? item.chunks.indexOf(earlier) : -1;
      if (item.kind === "events" && at >= 0) item.chunks.splice(at, 1);
    }
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
