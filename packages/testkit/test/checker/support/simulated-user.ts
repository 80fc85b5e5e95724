/**
 * A user's log as the hub keeps it, in memory: append, ack, hold, trim, expire, and what is read after an offset. It
 * follows PROTOCOL sections 4.2, 8 and 9, and is right by being small.
 */
import type { CustodyLine, Delivery, GapReason, Operation } from "../../../src/checker/history.ts";
import { compareOffsets, isAfter, laterOffset, type Offset, ZERO_OFFSET } from "../../../src/checker/offset.ts";

export interface SimulatedEvent {
  readonly id: string;
  readonly offset: Offset;
  readonly delivery: Delivery;
  readonly publisher: string;
  readonly n: number;
  inLog: boolean;
  isDead: boolean;
}

interface Custody extends CustodyLine {
  readonly event: SimulatedEvent;
}

/** What a read finds after an offset. */
export type Item =
  | { readonly kind: "event"; readonly event: SimulatedEvent }
  | { readonly kind: "gap"; readonly from: Offset; readonly to: Offset; readonly reason: GapReason }
  | { readonly kind: "nothing"; readonly to: Offset }
  | { readonly kind: "end" };

export class SimulatedUser {
  readonly userId: string;
  readonly events: SimulatedEvent[] = [];
  acked: Offset = ZERO_OFFSET;
  #held: Offset = ZERO_OFFSET;
  #trimmed: Offset = ZERO_OFFSET;
  #custody: Custody[] = [];

  constructor(userId: string) {
    this.userId = userId;
  }

  get head(): Offset {
    return this.events.at(-1)?.offset ?? ZERO_OFFSET;
  }

  append(event: Omit<SimulatedEvent, "inLog" | "isDead">): void {
    this.events.push({ ...event, inLog: true, isDead: false });
  }

  ack(offset: Offset): void {
    if (isAfter(offset, this.head)) return;
    this.acked = laterOffset(this.acked, offset);
    this.#custody = this.#custody.filter(({ to }) => isAfter(to, this.acked));
  }

  /** Takes the next durable events into parcels of one. */
  hold(count: number): void {
    const bound = laterOffset(this.acked, this.#held);
    const durable = this.events.filter(({ offset, delivery }) => delivery === "durable" && isAfter(offset, bound));
    let from = bound;
    for (const event of durable.slice(0, count)) {
      this.#custody.push({ kind: "parcel", from, to: event.offset, event });
      this.#held = from = event.offset;
    }
  }

  trim(count: number): void {
    const bound = laterOffset(this.acked, this.#held);
    const logged = this.events.filter(({ inLog, offset }) => inLog && !isAfter(offset, bound));
    for (const event of logged.slice(0, count)) {
      event.inLog = false;
      this.#trimmed = event.offset;
    }
  }

  /** Makes a tombstone of the first parcel. */
  expire(): void {
    const index = this.#custody.findIndex(({ kind }) => kind === "parcel");
    const parcel = this.#custody[index];
    if (parcel === undefined) return;
    parcel.event.isDead = true;
    this.#custody[index] = { ...parcel, kind: "tombstone", reason: "expired" };
  }

  /** A failover that lost the last events; those in parcels survive. */
  rollBack(count: number): void {
    for (let lost = 0; lost < count; lost++) {
      const last = this.events.at(-1);
      if (last === undefined || !last.inLog || this.#custody.some(({ event }) => event === last)) break;
      this.events.pop();
    }
    if (isAfter(this.acked, this.head)) this.acked = this.head;
    if (isAfter(this.#held, this.head)) this.#held = this.head;
  }

  next(position: Offset): Item {
    const gone = isAfter(this.#trimmed, this.acked) ? this.acked : this.#trimmed;
    if (isAfter(gone, position)) return { kind: "gap", from: position, to: gone, reason: "trimmed" };
    const event = this.events.find(({ offset }) => isAfter(offset, position));
    if (event === undefined) return { kind: "end" };
    const line = this.#custody.find(({ from, to }) => isAfter(event.offset, from) && !isAfter(event.offset, to));
    if (line?.kind === "tombstone") {
      return { kind: "gap", from: laterOffset(line.from, position), to: line.to, reason: "expired" };
    }
    const isKept = event.inLog || line?.event === event;
    return isKept ? { kind: "event", event } : { kind: "nothing", to: event.offset };
  }

  /** What a final read of Redis and BullMQ tells. */
  read(): Operation[] {
    const { userId, head, acked } = this;
    const stored = (events: SimulatedEvent[]): { id: string; offset: Offset }[] =>
      events.map(({ id, offset }) => ({ id, offset })).sort((a, b) => compareOffsets(a.offset, b.offset));
    const custody = this.#custody.map(({ event: _event, ...line }) => line);
    const parcels = this.#custody.filter(({ kind }) => kind === "parcel").map(({ event }) => event);
    const entries = stored(this.events.filter(({ inLog }) => inLog));
    return [
      { op: "log", userId, entries, head, acked, trimmed: this.#trimmed, custody },
      { op: "parcels", userId, events: stored(parcels) },
      { op: "deadLetters", userId, events: stored(this.events.filter(({ isDead }) => isDead)) },
    ];
  }
}
