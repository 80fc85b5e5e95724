/**
 * UserCase: the questions that several rules ask about one user's events: which are known to stand in the log and where,
 * which are still kept, which the user had acknowledged, and which gap told a device that one will not come.
 */
import type { Device, Publication, UserEvidence } from "./evidence.ts";
import type { GapOperation, GapReason, StoredEvent } from "./history.ts";
import { followDevice, type Journey } from "./journey.ts";
import { compareOffsets, isAfter, type Offset, OffsetRanges } from "./offset.ts";

/** How to judge, with its defaults filled in. */
export interface Terms {
  /** Reasons of gaps whose losses the fault class declares. */
  readonly declared: ReadonlySet<GapReason>;
  /** Whether an acknowledged publish is held to its acknowledgement. */
  readonly isPromised: (publication: Publication) => boolean;
}

/** An event that stands in the user's log at a known offset, or stood there. */
export interface KnownEvent extends StoredEvent {
  readonly publication: Publication | undefined;
}

/** One user's part of a history. */
export class UserCase {
  readonly user: UserEvidence;
  readonly terms: Terms;
  /** One journey per device and view that has something to tell. */
  readonly journeys: readonly Journey[];
  /** Known events in the order of the log. */
  readonly timeline: readonly KnownEvent[];
  readonly #indexes: ReadonlyMap<Offset, number>;
  readonly #stored = new Set<string>();
  readonly #dead = new Set<string>();
  readonly #tombstones = new Map<GapReason, OffsetRanges>();
  readonly #told = new Map<Device, Map<GapReason, OffsetRanges>>();

  constructor(user: UserEvidence, terms: Terms) {
    this.user = user;
    this.terms = terms;
    this.journeys = [...user.devices.values()].flatMap(journeysOf);
    this.#readStores();
    for (const device of user.devices.values()) this.#told.set(device, rangesByReason(device.gaps));
    this.timeline = this.#composeTimeline();
    this.#indexes = new Map(this.timeline.map(({ offset }, index) => [offset, index]));
  }

  /** The final journey of each device that is connected at the end: what counts as delivered there. */
  liveJourneys(): Journey[] {
    return this.journeys.filter((journey) => isFinal(journey) && journey.device.life !== undefined);
  }

  /** Whether the log or a parcel still has it, to be delivered. */
  isStored(id: string): boolean {
    return this.#stored.has(id);
  }

  /** Whether it is a dead letter. */
  isDead(id: string): boolean {
    return this.#dead.has(id);
  }

  /** Whether the user acknowledged it after a device of the user got it. */
  isSettled({ id, offset }: StoredEvent): boolean {
    return this.user.arrivals.has(id) && !isAfter(offset, this.user.acked);
  }

  /**
   * Whether a device that came without an offset may have begun behind it: the user had acknowledged it, or a declared
   * failover took it back, and by `atMs` another device had got it or was told that it will not come.
   */
  mayBeginBehind(event: KnownEvent, atMs: number): boolean {
    const isTakenBack = this.terms.declared.has("failover") && !this.isStored(event.id) && !this.isDead(event.id);
    if (isAfter(event.offset, this.user.acked) && !isTakenBack) return false;
    const arrival = this.user.arrivals.get(event.id);
    if (arrival !== undefined && arrival.atMs <= atMs) return true;
    return [...this.user.devices.values()].some((device) => this.isTold(device, event));
  }

  /** Whether the event had been answered by then. */
  wasKnown(event: KnownEvent, atMs: number): boolean {
    return this.#knownAtMs(event) <= atMs;
  }

  /** Whether the device never asked for the event. */
  isWaived({ waived, waivedUntilMs }: Journey, event: KnownEvent): boolean {
    return waived.has(event.offset) || this.wasKnown(event, waivedUntilMs);
  }

  /** The reasons for which the device was told that the event will not come; none where it was not told. */
  toldReasons(device: Device, event: KnownEvent): GapReason[] {
    const told = [...(this.#told.get(device) ?? [])];
    const reasons = told.flatMap(([reason, ranges]) => (ranges.has(event.offset) ? [reason] : []));
    if (device.gaps.length === 0 || this.isStored(event.id) || this.isDead(event.id)) return reasons;
    // A failover takes back what was there before it was told, wherever its range ends, and may be told as possible.
    const knownAtMs = this.#knownAtMs(event);
    const isBefore = device.gaps.some(({ reason, atMs }) => reason === "failover" && atMs >= knownAtMs);
    return isBefore ? [...reasons, "failover"] : reasons;
  }

  /** Whether the device was told that the event will not come. */
  isTold(device: Device, event: KnownEvent): boolean {
    return this.toldReasons(device, event).length > 0;
  }

  /** Why whoever connects next will be told that the event will not come. */
  tombstoneReason({ offset }: StoredEvent): GapReason | undefined {
    for (const [reason, ranges] of this.#tombstones) if (ranges.has(offset)) return reason;
    return undefined;
  }

  /** The index in the timeline of the first event after the offset. */
  indexAfter(offset: Offset): number {
    const known = this.#indexes.get(offset);
    if (known !== undefined) return known + 1;
    let low = 0;
    let high = this.timeline.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const event = this.timeline[middle];
      if (event !== undefined && isAfter(event.offset, offset)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Whether the publisher was told that it stands in the log, and may rely on that. */
  isPromised(publication: Publication | undefined): boolean {
    return publication !== undefined && publication.oks.length > 0 && this.terms.isPromised(publication);
  }

  #knownAtMs({ id, publication }: KnownEvent): number {
    return publication?.oks[0]?.atMs ?? this.user.arrivals.get(id)?.atMs ?? Infinity;
  }

  #readStores(): void {
    const { log, kept } = this.user;
    for (const { id } of log?.entries ?? []) this.#stored.add(id);
    const listed = new OffsetRanges();
    for (const { kind, from, to, reason = "expired" } of log?.custody ?? []) {
      if (kind === "parcel") listed.add(from, to);
      else rangesOf(this.#tombstones, reason).add(from, to);
    }
    for (const { op, events } of kept) {
      for (const { id, offset } of events) {
        if (op === "deadLetters") this.#dead.add(id);
        else if (listed.has(offset)) this.#stored.add(id);
      }
    }
  }

  #composeTimeline(): KnownEvent[] {
    const { publications, log, kept, arrivals } = this.user;
    const events = new Map<Offset, KnownEvent>();
    const add = (id: string, offset: Offset | undefined): void => {
      if (offset !== undefined && !events.has(offset))
        events.set(offset, { id, offset, publication: publications.get(id) });
    };
    for (const { id, offset } of log?.entries ?? []) add(id, offset);
    for (const { id, offset } of kept.flatMap((operation) => operation.events)) add(id, offset);
    for (const [id, publication] of publications) {
      if (this.isPromised(publication)) for (const { offset } of publication.oks) add(id, offset);
    }
    // What only a device saw did stand in the log, unless a declared failover took it back: nobody was promised it.
    const canBeTakenBack = this.terms.declared.has("failover");
    for (const { id, offset } of canBeTakenBack ? [] : arrivals.values()) if (publications.has(id)) add(id, offset);
    return [...events.values()].sort((a, b) => compareOffsets(a.offset, b.offset));
  }
}

/** Whether the publisher was told that it is not taken, whatever it tried. */
export function isRefused({ oks, fails, invokes }: Publication): boolean {
  return oks.length === 0 && fails > 0 && fails >= invokes;
}

/** Whether the journey is the one that counts as delivery at its device. */
export function isFinal({ device, view }: Journey): boolean {
  return view === (device.applies ? "applied" : "received");
}

function journeysOf(device: Device): Journey[] {
  const isTapped = device.operations.some(({ op }) => op === "received");
  const wire = isTapped || !device.applies ? [followDevice(device, "received")] : [];
  return device.applies ? [...wire, followDevice(device, "applied")] : wire;
}

function rangesByReason(gaps: readonly GapOperation[]): Map<GapReason, OffsetRanges> {
  const ranges = new Map<GapReason, OffsetRanges>();
  for (const { from, to, reason, possible = false } of gaps) if (!possible) rangesOf(ranges, reason).add(from, to);
  return ranges;
}

function rangesOf(ranges: Map<GapReason, OffsetRanges>, reason: GapReason): OffsetRanges {
  const found = ranges.get(reason) ?? new OffsetRanges();
  ranges.set(reason, found);
  return found;
}
