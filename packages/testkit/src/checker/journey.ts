/**
 * Journey: a device's way through its user's log, told as leaps from one position to the next.
 *
 * There are two views of a device. On the wire each connection stands for itself: it begins where the device presented,
 * and repeats what an earlier connection had. In the application all connections are one way, and nothing comes twice.
 * A leap says that everything between two offsets has to be accounted for; arrivals, gaps and `ready` all move on, and
 * a gap of reason `failover` may move back. Nothing is judged here but what needs no other witness: repeats, and
 * arrivals behind the position.
 *
 * A connection that presented nothing begins where the user's ack stood, which no device sees. Its first leap begins
 * where the device last was and is marked `open`: what another device had acknowledged by then need not come. One that
 * presented "$" waives what was before.
 */
import type { Device } from "./evidence.ts";
import type { ArrivalOperation, ConnectedOperation, DeviceOperation, GapOperation } from "./history.ts";
import { isAfter, laterOffset, type Offset, OffsetRanges, ZERO_OFFSET } from "./offset.ts";

/** Which operations make the way: what came over the wire, or what the application was handed. */
export type View = "received" | "applied";

/** Everything after `from` and before `to` (`to` included where the operation is no arrival) has to be accounted for. */
export interface Leap {
  readonly from: Offset;
  readonly to: Offset;
  readonly isOpen: boolean;
  /** When the device had last asked for everything from now on; -Infinity where it never had. */
  readonly fromNowMs: number;
  readonly before: DeviceOperation | undefined;
  readonly operation: DeviceOperation & { op: Exclude<DeviceOperation["op"], "disconnected"> };
}

/** Where and when an event first arrived. */
export interface Receipt {
  readonly operation: ArrivalOperation;
  /** Nothing is late before this time: the run itself had closed the connection before. */
  readonly awaitedFromMs: number;
}

/** The same offset on one connection, or the same event in one application. */
export interface Repeat {
  readonly first: ArrivalOperation;
  readonly again: ArrivalOperation;
  /** Whether a gap took the device back between the two. */
  readonly wentBack: boolean;
}

/** A device's way, in one view. */
export interface Journey {
  readonly device: Device;
  readonly view: View;
  readonly leaps: Leap[];
  readonly repeats: Repeat[];
  /** Arrivals that are not after the position, with the operation that made the position. */
  readonly backward: { readonly operation: ArrivalOperation; readonly before: DeviceOperation | undefined }[];
  readonly receipts: Map<string, Receipt>;
  /** What the device never asked for. */
  readonly waived: OffsetRanges;
  /** When it last asked for everything from now on; what was acknowledged by then it never asked for either. */
  waivedUntilMs: number;
  /** What may have been acknowledged by others before the device came. */
  readonly open: OffsetRanges;
  /** Where it ends; undefined before it stands anywhere. */
  position: Offset | undefined;
  /** The furthest it was brought to by connections that did not begin at "$": what its acks may cover. */
  reach: Offset;
}

/** Follows a device. */
export function followDevice(device: Device, view: View): Journey {
  const traveller = new Traveller(device, view);
  for (const operation of device.operations) traveller.take(operation);
  return traveller.end();
}

class Traveller {
  readonly #journey: Journey;
  /** The furthest place it stood at, over all connections. */
  #furthest: Offset | undefined;
  /** The place it stands at; undefined until the connection's first arrival where nothing was presented. */
  #position: Offset | undefined;
  #isOpen = true;
  #isFromNow = false;
  #standsBy: DeviceOperation | undefined;
  #seen = new Map<string, { operation: ArrivalOperation; backs: number }>();
  /** How often a gap took it back. */
  #backs = 0;
  #awaitedFromMs = -Infinity;
  #isAwaited = false;

  constructor(device: Device, view: View) {
    const lists = { leaps: [], repeats: [], backward: [], receipts: new Map<string, Receipt>() };
    const ranges = { waived: new OffsetRanges(), open: new OffsetRanges() };
    this.#journey = {
      device,
      view,
      ...lists,
      ...ranges,
      waivedUntilMs: -Infinity,
      position: undefined,
      reach: ZERO_OFFSET,
    };
  }

  take(operation: DeviceOperation): void {
    switch (operation.op) {
      case "connected":
        this.#connect(operation);
        break;
      case "disconnected":
        this.#isAwaited = !(operation.wanted ?? false);
        break;
      case "ready":
        if (this.#position === undefined || isAfter(operation.offset, this.#position)) {
          this.#leap(operation.offset, operation);
        }
        break;
      case "gap":
        this.#skip(operation);
        break;
      case "received":
      case "applied":
        if (operation.op === this.#journey.view) this.#arrive(operation);
        break;
    }
  }

  end(): Journey {
    this.#journey.position = this.#position;
    return this.#journey;
  }

  #connect(operation: ConnectedOperation): void {
    const { presented } = operation;
    // The first connection, and one after the run closed the last, is awaited from its beginning only.
    if (!this.#isAwaited) this.#awaitedFromMs = operation.atMs;
    this.#isAwaited = true;
    this.#isFromNow = presented === "$";
    if (this.#isFromNow) this.#journey.waivedUntilMs = operation.atMs;
    this.#isOpen = presented === undefined;
    this.#standsBy = operation;
    const isWire = this.#journey.view === "received";
    if (isWire) this.#seen = new Map();
    if (presented === undefined || presented === "$") {
      if (isWire || this.#isFromNow) this.#position = undefined;
    } else if (this.#furthest === undefined) {
      this.#journey.waived.add(ZERO_OFFSET, presented);
      this.#stand(presented, operation);
    } else if (isAfter(presented, this.#furthest)) {
      // It claims more than it ever got.
      this.#position = this.#furthest;
      this.#leap(presented, operation);
    } else if (isWire) this.#position = presented;
  }

  #skip(gap: GapOperation): void {
    // Something may be lost up to the end of a possible gap: what is not has come before it.
    const end = (gap.possible ?? false) ? gap.to : gap.from;
    if (this.#position === undefined || isAfter(end, this.#position)) this.#leap(end, gap);
    const isBack = this.#position !== undefined && isAfter(this.#position, gap.to);
    if (isBack && gap.reason !== "failover" && isAfter(gap.to, gap.from)) return;
    if (isBack) this.#backs++;
    this.#stand(gap.to, gap);
  }

  #arrive(operation: ArrivalOperation): void {
    const { receipts, repeats, backward, view } = this.#journey;
    const { offset, id } = operation;
    if (!receipts.has(id)) receipts.set(id, { operation, awaitedFromMs: this.#awaitedFromMs });
    // On the wire only offsets count: ephemeral events have none.
    const key = view === "received" ? offset : id;
    const earlier = key === undefined ? undefined : this.#seen.get(key);
    if (earlier !== undefined) {
      repeats.push({ first: earlier.operation, again: operation, wentBack: earlier.backs !== this.#backs });
    } else if (key !== undefined) this.#seen.set(key, { operation, backs: this.#backs });
    if (offset === undefined) return;
    if (this.#position === undefined || isAfter(offset, this.#position)) this.#leap(offset, operation);
    else if (earlier === undefined) backward.push({ operation, before: this.#standsBy });
  }

  /** Moves on to `to`; what lies between is to be accounted for, unless the connection began at "$". */
  #leap(to: Offset, operation: Leap["operation"]): void {
    const from = this.#position ?? this.#furthest ?? ZERO_OFFSET;
    if (this.#position === undefined && this.#isFromNow) this.#journey.waived.add(from, to);
    else if (isAfter(to, from)) {
      const before = this.#standsBy;
      const fromNowMs = this.#journey.waivedUntilMs;
      this.#journey.leaps.push({ from, to, isOpen: this.#isOpen, fromNowMs, before, operation });
      if (this.#isOpen) this.#journey.open.add(from, to);
    }
    this.#stand(to, operation);
  }

  #stand(at: Offset, operation: DeviceOperation): void {
    if (operation.op !== "connected") {
      this.#isOpen = false;
      if (!this.#isFromNow) this.#journey.reach = laterOffset(this.#journey.reach, at);
    }
    this.#position = at;
    this.#furthest = laterOffset(this.#furthest ?? at, at);
    this.#standsBy = operation;
  }
}
