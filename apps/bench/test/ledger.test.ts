import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Ledger } from "../src/ledger.ts";

function take(...seqs: number[]): Ledger {
  const ledger = new Ledger();
  for (const seq of seqs) ledger.take(7, seq);
  return ledger;
}

describe("a ledger", () => {
  it.each([
    { name: "everything in order", seqs: [0, 1, 2], distinct: 3, duplicates: 0, outOfOrder: 0 },
    { name: "a hole", seqs: [0, 3], distinct: 2, duplicates: 0, outOfOrder: 0 },
    { name: "what comes behind a later one", seqs: [0, 2, 1], distinct: 3, duplicates: 0, outOfOrder: 1 },
    { name: "a repetition of the last", seqs: [0, 1, 1], distinct: 2, duplicates: 1, outOfOrder: 0 },
    { name: "a repetition of what was late", seqs: [1, 0, 0], distinct: 2, duplicates: 1, outOfOrder: 1 },
  ])("counts $name", ({ seqs, distinct, duplicates, outOfOrder }) => {
    expect(take(...seqs).report()).toEqual({ distinct, duplicates, repeats: 0, outOfOrder, stranded: 0, reached: 1 });
  });

  it("agrees with a list of all that came, whatever comes", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 60 }), (seqs) => {
        const { distinct, duplicates, outOfOrder } = take(...seqs).report();
        expect(distinct).toBe(new Set(seqs).size);
        expect(duplicates).toBe(seqs.length - distinct);
        const first = seqs.filter((seq, index) => seqs.indexOf(seq) === index);
        expect(outOfOrder).toBe(
          first.filter((seq, index) => first.slice(0, index).some((other) => other > seq)).length,
        );
      }),
    );
  });

  it("counts apart what the client library drops since it is among the last it knows", () => {
    const ledger = new Ledger();
    ledger.remembers = 2;
    for (const seq of [0, 1, 2, 3, 2, 3, 1]) ledger.take(7, seq);
    expect(ledger.report()).toMatchObject({ distinct: 4, repeats: 2, duplicates: 1 });
  });

  it("knows which events came", () => {
    const ledger = take(0, 2);
    expect([0, 1, 2, 3].map((seq) => ledger.has(7, seq))).toEqual([true, false, true, false]);
    expect(ledger.has(8, 0)).toBe(false);
  });

  it("keeps users apart", () => {
    const ledger = new Ledger();
    expect([ledger.take(1, 0), ledger.take(2, 0), ledger.take(1, 0)]).toEqual([true, true, false]);
    expect(ledger.report()).toMatchObject({ distinct: 2, duplicates: 1, reached: 2 });
  });

  it("counts as stranded what came for the first time only", () => {
    const ledger = new Ledger();
    ledger.take(1, 0, true);
    ledger.take(1, 0, true);
    expect(ledger.report().stranded).toBe(1);
  });

  it("knows after a reset where each user stands, and counts from 0", () => {
    const ledger = take(0, 2);
    ledger.reset();
    ledger.take(7, 2);
    ledger.take(7, 1);
    expect(ledger.report()).toEqual({ distinct: 1, duplicates: 1, repeats: 0, outOfOrder: 1, stranded: 0, reached: 1 });
  });
});
