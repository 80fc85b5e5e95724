import { describe, expect, it } from "@jest/globals";
import { compareOffsets, type Offset, ZERO_OFFSET } from "@doorstep/protocol";
import fc from "fast-check";
import { PingMarks, pingBudgetFor } from "../../src/delivery/ping-marks.ts";

const BUDGET = { events: 10, bytes: 1_000 };

/** A connection as engine.io has it: both directions keep their order, and the engine's next ping waits for a pong. */
class Connection {
  readonly marks = new PingMarks(BUDGET);
  readonly #toClient: (Offset | "ping")[] = [];
  #pongs = 0;
  #isEngineArmed = true;
  #written = 0;
  #unproven = 0;
  arrived: Offset = ZERO_OFFSET;
  settled: Offset = ZERO_OFFSET;
  inFlight = 0;

  write(events: number, bytes: number): void {
    this.#written += events;
    this.#unproven += events;
    this.#toClient.push(`${this.#written}-0`);
    this.marks.wrote(events, bytes);
    if (this.marks.isDue) this.#ping();
  }

  /** The one ping at a random moment. */
  pingUnlessUnderWay(): void {
    if (this.marks.isAnswered) this.#ping();
  }

  enginePing(): void {
    if (!this.#isEngineArmed) return;
    this.#isEngineArmed = false;
    this.#ping();
  }

  read(): void {
    const next = this.#toClient.shift();
    if (next === "ping") this.#pongs += 1;
    else if (next !== undefined) this.arrived = next;
  }

  pong(): void {
    if (this.#pongs === 0) return;
    this.#pongs -= 1;
    this.inFlight -= 1;
    this.#isEngineArmed = true;
    const proven = this.marks.ponged();
    if (proven === undefined) throw new Error("a pong without a mark");
    this.settled = proven;
    if (this.marks.isDue) this.#ping();
  }

  /** The client reads all, and its pongs come in. */
  settle(): void {
    while (this.#toClient.length > 0 || this.#pongs > 0) {
      this.read();
      this.pong();
    }
  }

  get written(): Offset {
    return `${this.#written}-0`;
  }

  /** Events behind the last ping. */
  get unproven(): number {
    return this.#unproven;
  }

  #ping(): void {
    this.#toClient.push("ping");
    this.marks.pinged(this.written);
    this.inFlight += 1;
    this.#unproven = 0;
  }
}

type Instruction = (connection: Connection) => void;
const instruction: fc.Arbitrary<[string, Instruction]> = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1, max: 1_500 }))
    .map(([n, bytes]): [string, Instruction] => [`write ${n} in ${bytes}`, (to) => to.write(n, bytes)]),
  fc.constant<[string, Instruction]>(["the engine pings", (to) => to.enginePing()]),
  fc.constant<[string, Instruction]>(["a ping at random", (to) => to.pingUnlessUnderWay()]),
  fc.constant<[string, Instruction]>(["the client reads", (to) => to.read()]),
  fc.constant<[string, Instruction]>(["a pong comes", (to) => to.pong()]),
);

describe("the marks of pings", () => {
  it("P3 settle with each pong what arrived and no more, with two pings under way at most", () => {
    fc.assert(
      fc.property(fc.array(instruction, { maxLength: 120 }), (instructions) => {
        const connection = new Connection();
        for (const [, run] of instructions) {
          const before = connection.settled;
          run(connection);
          expect(compareOffsets(connection.settled, before)).toBeGreaterThanOrEqual(0);
          expect(compareOffsets(connection.settled, connection.arrived)).toBeLessThanOrEqual(0);
          expect(connection.inFlight).toBeLessThanOrEqual(2);
          // What was written behind the last ping is little, or that ping is still under way.
          if (connection.inFlight === 0) expect(connection.unproven).toBeLessThan(BUDGET.events);
        }
        connection.settle();
        connection.enginePing();
        connection.settle();
        expect(connection.settled).toBe(connection.written);
      }),
      { numRuns: 1_000 },
    );
  });

  it("P3 settle nothing by a pong that no ping asked for", () => {
    const marks = new PingMarks(BUDGET);
    marks.wrote(1, 1);
    expect(marks.ponged()).toBeUndefined();
    marks.pinged("1-0");
    expect([marks.ponged(), marks.ponged()]).toEqual(["1-0", undefined]);
  });

  it("P3 P5 go back with the connection, each that is beyond", () => {
    const marks = new PingMarks(BUDGET);
    marks.pinged("3-0");
    marks.pinged("7-0");
    marks.rewind("5-0");
    expect([marks.ponged(), marks.ponged()]).toEqual(["3-0", "5-0"]);
  });

  it.each([
    { name: "events", wrote: [10, 1], due: true },
    { name: "bytes", wrote: [1, 1_000], due: true },
    { name: "neither", wrote: [9, 999], due: false },
  ] as const)("make a ping due by $name", ({ wrote: [events, bytes], due }) => {
    const marks = new PingMarks(BUDGET);
    marks.wrote(events, bytes);
    expect(marks.isDue).toBe(due);
    marks.pinged("1-0");
    expect(marks.isDue).toBe(false);
  });

  it("ask for pings more often where mailboxes are small", () => {
    expect(pingBudgetFor({ mailboxMaxEvents: 10_000, mailboxMaxBytes: 8_388_608 })).toEqual({
      events: 1_000,
      bytes: 262_144,
    });
    expect(pingBudgetFor({ mailboxMaxEvents: 1, mailboxMaxBytes: 80_000 })).toEqual({ events: 1, bytes: 10_000 });
  });
});
