import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { encodeEvent, utf8Length } from "@doorstep/protocol";
import { createAway, eventsOf } from "../src/offline/away.ts";
import { BODY_BYTES, createNote, SOURCE } from "../src/offline/note.ts";
import { Sequence } from "../src/offline/sequence.ts";

describe("a sequence", () => {
  const read = (...numbers: number[]): Sequence => {
    const sequence = new Sequence(3);
    for (const n of numbers) sequence.take(n);
    return sequence;
  };

  it("is complete where all came in order, each once", () => {
    expect(read(0, 1, 2)).toMatchObject({ isComplete: true, faults: 0 });
    expect(read(0, 1)).toMatchObject({ isComplete: false, faults: 0 });
  });

  it.each([
    { name: "a repetition", numbers: [0, 0, 1, 2], isComplete: true, faults: 1 },
    { name: "a repetition after the end", numbers: [0, 1, 2, 2], isComplete: true, faults: 1 },
    { name: "a hole", numbers: [0, 2], isComplete: false, faults: 1 },
    { name: "a wrong order", numbers: [1, 0, 2], isComplete: false, faults: 2 },
    { name: "what has no number", numbers: [0, -1, 1, 2], isComplete: true, faults: 1 },
  ])("counts $name", ({ numbers, isComplete, faults }) => {
    expect(read(...numbers)).toMatchObject({ isComplete, faults });
  });
});

describe("the events for users who are away", () => {
  it("have bodies of 300 bytes, whatever their number", () => {
    for (const n of [0, 7, 42, 9_999, 1_000_000]) {
      const { to, type, data } = createNote("anna", n);
      expect(to).toEqual({ userId: "anna" });
      expect(data).toMatchObject({ n });
      const { body } = encodeEvent({ source: SOURCE, type, data }, randomUUID, Date.now());
      expect(utf8Length(body)).toBe(BODY_BYTES);
    }
  });

  it("are those of the promise, or a part of them that lasts as long", () => {
    expect(createAway(1)).toMatchObject({ users: 5_000, eventsPerS: 5_000 });
    const [whole, part] = [createAway(1), createAway(0.1)];
    expect([eventsOf(whole), eventsOf(part)]).toEqual([100_000, 10_000]);
    expect(eventsOf(part) / part.eventsPerS).toBe(eventsOf(whole) / whole.eventsPerS);
  });
});
