/** The crowd: all users of the benchmark and their connections, in one process. Its methods are what the benchmark can tell it. */
import { setTimeout as delay } from "node:timers/promises";

import type { Protocol } from "../target.ts";
import type { EventId } from "../user.ts";
import type { LateArrival } from "./arrivals.ts";
import { DeliveredTeller } from "./delivered-teller.ts";
import { Member } from "./member.ts";
import { Tally, type TallyReport } from "./tally.ts";
import { findWire } from "./wires.ts";

export interface ConnectOrders {
  /** Users `from` up to `from + users - 1`. */
  readonly from: number;
  readonly users: number;
  /** All of them to this server. @default spread over all servers, one after the other */
  readonly server?: number;
  /** How many connect at a time. @default 50 */
  readonly atOnce?: number;
  /** Seconds over which they come, evenly. @default 0, as fast as they can */
  readonly overS?: number;
}

const AT_ONCE = 50;
const MS_PER_S = 1_000;

export class Crowd {
  readonly #members: Member[] = [];
  readonly #servers: string[] = [];
  readonly #tally = new Tally();
  #protocol: Protocol = "socket.io";
  #teller: DeliveredTeller | undefined;

  /** Says how the servers are spoken to. */
  open(protocol: Protocol): void {
    this.#protocol = protocol;
    this.#tally.ledger.remembers = findWire(protocol).remembers ?? 0;
  }

  /** Says what the events hold from now on. @default "bodies" */
  expect(what: "bodies" | "tokens"): void {
    this.#tally.expect(what);
  }

  /** Says where the servers are; also those that are known keep their places. */
  setServers(urls: readonly string[]): void {
    this.#servers.splice(0, Infinity, ...urls);
  }

  /** Connects users, or moves those who are connected; answers how many seconds it took until the last was ready. */
  async connect({ from, users, server, atOnce = AT_ONCE, overS = 0 }: ConnectOrders): Promise<number> {
    const beganAtMs = performance.now();
    let next = 0;
    const connectOthers = async (): Promise<void> => {
      while (next < users) {
        const user = from + next;
        next += 1;
        const waitMs = beganAtMs + ((user - from) * overS * MS_PER_S) / users - performance.now();
        if (waitMs > 0) await delay(waitMs);
        await this.#member(user).connect(server ?? user % this.#servers.length);
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, users) }, connectOthers));
    return (performance.now() - beganAtMs) / MS_PER_S;
  }

  /** Breaks the connections of users, who stay away. */
  drop(from: number, users: number): void {
    for (let user = from; user < from + users; user++) this.#members[user]?.drop();
  }

  /** How many events came for the first time since the last reset, and how many users are connected now. */
  look(): { distinct: number; connected: number } {
    const connected = this.#members.filter((member) => member?.isReady).length;
    return { distinct: this.#tally.distinct, connected };
  }

  /** How many of these events, each by its user and number, never came. */
  countMissing(events: readonly EventId[]): number {
    return events.filter(([user, seq]) => !this.#tally.ledger.has(user, seq)).length;
  }

  /** Keeps from now on when events came that were later than this. */
  watchLate(overUs: number): void {
    this.#tally.arrivals.lateOverUs = overUs;
  }

  /** The late ones since the last reset. */
  late(): readonly LateArrival[] {
    return this.#tally.arrivals.late;
  }

  report(): TallyReport {
    return this.#tally.report();
  }

  /** Counts anew from here. */
  reset(): void {
    this.#tally.reset();
  }

  /** Tells the publisher at this port from now on how many events came since. */
  async tell(port: number): Promise<void> {
    const teller = await DeliveredTeller.connect(port);
    this.#teller = teller;
    this.#tally.watch((count) => teller.tell(count));
  }

  /** Tells nobody any more. */
  stopTelling(): void {
    this.#tally.watch(undefined);
    this.#teller?.close();
  }

  #member(user: number): Member {
    return (this.#members[user] ??= new Member({
      user,
      servers: this.#servers,
      kind: findWire(this.#protocol),
      tally: this.#tally,
    }));
  }
}
