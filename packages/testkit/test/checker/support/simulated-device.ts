/** A device of a simulated user: it connects, reads item by item, remembers or forgets its offset, and logs all of it. */
import type { ArrivalOperation, Operation } from "../../../src/checker/history.ts";
import { isAfter, laterOffset, type Offset, ZERO_OFFSET } from "../../../src/checker/offset.ts";
import type { SimulatedEvent, SimulatedUser } from "./simulated-user.ts";

export type Log = (operation: (atMs: number) => Operation) => void;

export class SimulatedDevice {
  readonly name: string;
  readonly #user: SimulatedUser;
  readonly #applies: boolean;
  readonly #log: Log;
  isConnected = false;
  #isReady = false;
  #life = 0;
  /** Where the hub's socket stands. */
  #position: Offset = ZERO_OFFSET;
  /** What it last got on a connection whose acks count. */
  #ackable: Offset | undefined;
  /** What the client goes on from. */
  #known: Offset | undefined;
  #canAck = true;
  #isTakenBack = false;

  constructor(user: SimulatedUser, name: string, applies: boolean, log: Log) {
    this.#user = user;
    this.name = name;
    this.#applies = applies;
    this.#log = log;
  }

  connect(presents: "known" | "nothing" | "now"): void {
    const user = this.#user;
    // A device that never got what was before must not acknowledge it with an offset later: it stays with from now.
    const isFromNow = !this.#canAck || (presents === "now" && !this.#applies && this.#known === undefined);
    const presented = isFromNow ? "$" : presents === "known" ? this.#known : undefined;
    const fields = { ...this.#fields(++this.#life), applies: this.#applies };
    this.#log((atMs) => ({ op: "connected", ...fields, ...(presented === undefined ? {} : { presented }), atMs }));
    this.isConnected = true;
    this.#isReady = false;
    this.#canAck = !isFromNow;
    this.#ackable = undefined;
    if (isFromNow) this.#position = user.head;
    else if (presented === undefined) this.#position = user.acked;
    else {
      user.ack(presented);
      this.#position = presented;
    }
    if (this.#isTakenBack && !isFromNow) this.#takeBack();
  }

  disconnect(wanted: boolean): void {
    this.#log((atMs) => ({ op: "disconnected", ...this.#fields(), wanted, atMs }));
    this.isConnected = false;
  }

  /** Reads up to `count` items; says ready once it has all. */
  read(count: number): void {
    for (let read = 0; read < count; read++) {
      const item = this.#user.next(this.#position);
      if (item.kind === "end") break;
      if (item.kind === "event") this.#arrive(item.event, item.event.offset);
      else if (item.kind === "gap") {
        const { kind: _, ...gap } = item;
        this.#log((atMs) => ({ op: "gap", ...this.#fields(), ...gap, atMs }));
        this.#stand(item.to);
      } else this.#position = item.to;
    }
    if (this.#isReady || this.#user.next(this.#position).kind !== "end") return;
    this.#isReady = true;
    const offset = this.#position;
    this.#log((atMs) => ({ op: "ready", ...this.#fields(), offset, recovered: true, atMs }));
    this.#stand(offset);
  }

  /** Gets an ephemeral event, if it is live. */
  push(event: SimulatedEvent): void {
    if (this.isConnected && this.#isReady) this.#arrive(event, undefined);
  }

  ack(): void {
    const offset = this.#ackable;
    if (!this.isConnected || !this.#canAck || offset === undefined) return;
    this.#user.ack(offset);
    if (!isAfter(offset, this.#user.acked)) {
      this.#log(() => ({ op: "acked", userId: this.#user.userId, offset, by: this.name }));
    }
  }

  /** The hub noticed a failover: tells it, now or when it comes back with an offset. */
  noticeFailover(): void {
    if (this.isConnected) this.#takeBack();
    else this.#isTakenBack = true;
  }

  #takeBack(): void {
    const from = this.#position;
    const { head } = this.#user;
    const to = isAfter(from, head) ? head : from;
    this.#isTakenBack = false;
    this.#log((atMs) => ({ op: "gap", ...this.#fields(), from, to, reason: "failover", possible: true, atMs }));
    this.#position = this.#ackable = to;
    if (this.#known !== undefined && isAfter(this.#known, head)) this.#known = head;
  }

  #arrive(event: SimulatedEvent, offset: Offset | undefined): void {
    const { id, publisher, n } = event;
    const place = offset === undefined ? {} : { offset };
    const arrival =
      (op: ArrivalOperation["op"]) =>
      (atMs: number): Operation => ({
        op,
        ...this.#fields(),
        id,
        ...place,
        forUser: this.#user.userId,
        publisher,
        n,
        atMs,
        replayed: !this.#isReady,
      });
    this.#log(arrival("received"));
    const isNew = offset === undefined || this.#known === undefined || isAfter(offset, this.#known);
    if (this.#applies && isNew) this.#log(arrival("applied"));
    if (offset !== undefined) this.#stand(offset);
  }

  #stand(offset: Offset): void {
    this.#position = this.#ackable = offset;
    this.#known = this.#applies ? laterOffset(this.#known ?? offset, offset) : offset;
  }

  #fields(life = this.#life): { device: string; userId: string; life: number } {
    return { device: this.name, userId: this.#user.userId, life };
  }
}
