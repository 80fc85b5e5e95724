/**
 * A hub that makes no mistakes, in memory, and the history a fault run over it would log: publishers whose answers may
 * be lost, retention, custody and expiry, devices that come and go. Steps are plain data, so that fast-check can make
 * and shrink them. Every history it writes has to be clean.
 */
import * as fc from "fast-check";

import type { Delivery, Operation, PublishOperation } from "../../../src/checker/history.ts";
import { SimulatedDevice } from "./simulated-device.ts";
import { type SimulatedEvent, SimulatedUser } from "./simulated-user.ts";

type Outcome = "ok" | "refused" | "reply lost" | "never arrived" | "retried";

export interface Step {
  readonly kind: "publish" | "plug" | "read" | "ack" | "hold" | "trim" | "expire" | "failover";
  readonly user: number;
  /** Which device or publisher. */
  readonly who: number;
  readonly count: number;
  readonly delivery: Delivery;
  readonly outcome: Outcome;
  readonly presents: "known" | "nothing" | "now";
}

/** Steps of a run; only with `failover` may it lose what it acknowledged. */
export function arbitrarySteps(failover: boolean): fc.Arbitrary<Step[]> {
  const kind = fc.oneof(
    { weight: 8, arbitrary: fc.constant("publish" as const) },
    { weight: 6, arbitrary: fc.constant("read" as const) },
    { weight: 3, arbitrary: fc.constant("plug" as const) },
    { weight: 5, arbitrary: fc.constantFrom("ack" as const, "hold" as const, "trim" as const, "expire" as const) },
    { weight: failover ? 2 : 0, arbitrary: fc.constant("failover" as const) },
  );
  const step = fc.record({
    kind,
    user: fc.nat({ max: 1 }),
    who: fc.nat({ max: 2 }),
    count: fc.integer({ min: 1, max: 5 }),
    delivery: fc.constantFrom<Delivery>("durable", "durable", "durable", "stream", "ephemeral"),
    outcome: fc.constantFrom<Outcome>("ok", "ok", "ok", "ok", "refused", "reply lost", "never arrived", "retried"),
    presents: fc.constantFrom<Step["presents"]>("known", "known", "known", "nothing", "now"),
  });
  return fc.array(step, { minLength: 20, maxLength: 90 });
}

/** Plays steps to their end: heal, everybody connects and reads, final read. */
export function simulate(steps: readonly Step[]): Operation[] {
  const simulator = new Simulator();
  for (const step of steps) simulator.play(step);
  return simulator.end();
}

class Simulator {
  readonly #history: Operation[] = [];
  readonly #users = [new SimulatedUser("ann"), new SimulatedUser("bob")];
  readonly #devices: SimulatedDevice[][];
  #atMs = 0;
  #n = 0;
  /** Begins below a power of ten, so that offsets of two lengths meet. */
  #place = 980;

  constructor() {
    const log = (operation: (atMs: number) => Operation): void => void this.#history.push(operation(++this.#atMs));
    this.#devices = this.#users.map((user) => [
      new SimulatedDevice(user, "phone", true, log),
      new SimulatedDevice(user, "tablet", false, log),
    ]);
    log((atMs) => ({ op: "sample", atMs, process: "gateway-1", rssBytes: 80e6, sockets: 4 }));
    log((atMs) => ({ op: "fault", name: "gateway killed", phase: "begin", atMs }));
  }

  play(step: Step): void {
    const user = this.#users[step.user];
    const device = this.#devices[step.user]?.[step.who % 2];
    if (user === undefined || device === undefined) return;
    if (step.kind === "publish") this.#publish(user, step);
    else if (step.kind === "ack") device.ack();
    else if (step.kind === "hold") user.hold(step.count);
    else if (step.kind === "trim") user.trim(step.count);
    else if (step.kind === "expire") user.expire();
    else if (step.kind === "failover") this.#failOver(user, step);
    else if (step.kind === "plug" && device.isConnected) device.disconnect(step.count === 1);
    else if (step.kind === "plug") device.connect(step.presents);
    else if (device.isConnected) device.read(step.count);
  }

  end(): Operation[] {
    this.#history.push({ op: "fault", name: "gateway killed", phase: "healed", atMs: ++this.#atMs });
    for (const device of this.#devices.flat()) {
      if (!device.isConnected) device.connect("known");
      device.read(Infinity);
    }
    this.#history.push({ op: "sample", atMs: ++this.#atMs, process: "gateway-1", rssBytes: 90e6, sockets: 4 });
    return [...this.#history, ...this.#users.flatMap((user) => user.read())];
  }

  #publish(user: SimulatedUser, { who, delivery, outcome }: Step): void {
    const n = ++this.#n;
    const event = { publisher: `publisher ${who}`, n, id: `e${n}`, delivery };
    // Every few events one stands in the same millisecond as the one before.
    const offset = n % 4 === 0 ? `${this.#place}-${n}` : `${(this.#place += 3)}-0`;
    const log = (phase: PublishOperation["phase"], answer: Partial<PublishOperation> = {}): void => {
      this.#history.push({ op: "publish", phase, ...event, userId: user.userId, atMs: ++this.#atMs, ...answer });
    };
    log("invoke");
    if (outcome === "refused") return log("fail", { code: "MAILBOX_FULL" });
    if (outcome === "never arrived") return log("indeterminate", { code: "UNAVAILABLE" });
    const place = delivery === "ephemeral" ? {} : { offset };
    if (outcome !== "ok") log("indeterminate", { code: "UNAVAILABLE" });
    const taken: SimulatedEvent = { ...event, offset, inLog: false, isDead: false };
    if (delivery !== "ephemeral") user.append(taken);
    if (outcome === "retried") log("invoke");
    if (outcome !== "reply lost") log("ok", { ...place, ...(outcome === "retried" ? { duplicate: true } : {}) });
    if (delivery === "ephemeral") for (const device of this.#devicesOf(user)) device.push(taken);
    return undefined;
  }

  #failOver(user: SimulatedUser, { count }: Step): void {
    user.rollBack(count);
    for (const device of this.#devicesOf(user)) device.noticeFailover();
  }

  #devicesOf(user: SimulatedUser): SimulatedDevice[] {
    return this.#devices[this.#users.indexOf(user)] ?? [];
  }
}
