import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { encodeEvent, utf8Length } from "@doorstep/protocol";
import { createAway, eventsOf } from "../src/offline/away.ts";
import { type Figure, isReached, median, NEVER, quantile, summarize, toTable } from "../src/offline/figure.ts";
import { BODY_BYTES, createNote, SOURCE } from "../src/offline/note.ts";
import { Sequence } from "../src/offline/sequence.ts";

/** One figure of three repetitions, judged. */
function judge(values: readonly number[], limit: Figure["limit"]): boolean | undefined {
  const figures = values.map((value) => [{ name: "it", unit: "", value, ...(limit === undefined ? {} : { limit }) }]);
  return summarize(figures).map(isReached)[0];
}

describe("the figures of users who are away", () => {
  it("are judged by the middle repetition, or by the worst where something must never happen", () => {
    expect(judge([1, 9, 2], { kind: "at most", value: 2 })).toBe(true);
    expect(judge([1, 9, 3], { kind: "at most", value: 2 })).toBe(false);
    expect(judge([5, 4, 1], { kind: "at least", value: 4 })).toBe(true);
    expect(judge([5, 3, 1], { kind: "at least", value: 4 })).toBe(false);
    expect(judge([0, 0, 1], NEVER)).toBe(false);
    expect(judge([0, 0, 0], NEVER)).toBe(true);
    expect(judge([5, 5, 1], { kind: "at least", value: 4, by: "worst" })).toBe(false);
  });

  it("are not reached where nothing was measured, and not judged without a limit", () => {
    expect(judge([Number.NaN], { kind: "at most", value: 2 })).toBe(false);
    expect(judge([Number.NaN], { kind: "at least", value: 2 })).toBe(false);
    expect(judge([0, Number.NaN], NEVER)).toBe(false);
    expect(judge([7], undefined)).toBeUndefined();
  });

  it("take quantiles of unsorted values", () => {
    const values = Array.from({ length: 100 }, (_, index) => 99 - index);
    expect([median(values), quantile(values, 0.99), quantile(values, 1), median([])]).toEqual([50, 99, 99, Number.NaN]);
  });

  it("become a table, a row per figure with every repetition in it", () => {
    const repetition = (ms: number, faults: number): Figure[] => [
      { name: "time", value: ms, unit: "ms", limit: { kind: "at most", value: 1_000 } },
      { name: "faults", value: faults, unit: "", limit: NEVER },
      { name: "share", value: 0.125, unit: "" },
    ];
    const table = toTable("a title", summarize([repetition(90.5, 0), repetition(1_200, 1), repetition(800.4, 0)]));
    expect(table.split("\n")).toEqual([
      "a title",
      "",
      "| figure | median | each | limit | reached |",
      "|---|---|---|---|---|",
      "| time, ms | 800 | 90.50 1200 800 | at most 1000 | yes |",
      "| faults | 0 | 0 1 0 | at most 0 | **no** |",
      "| share | 0.13 | 0.13 0.13 0.13 |  |  |",
      "",
    ]);
  });
});

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
