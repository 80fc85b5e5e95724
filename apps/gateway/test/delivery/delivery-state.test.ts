import { describe, expect, it } from "@jest/globals";
import {
  type Phase,
  type Signal,
  signalOfHead,
  signalOfPage,
  signalOfPush,
  TABLE,
} from "../../src/delivery/delivery-state.ts";

const PHASES: readonly Phase[] = ["live", "reading", "waiting", "closed"];

/** What each signal does in the phases above: the phase afterwards, and the action where there is one. */
const EXPECTED: Record<Signal, readonly [string, string, string, string]> = {
  "push-next": ["live write", "reading", "waiting", "closed"],
  "push-old": ["live", "reading", "waiting", "closed"],
  "push-ahead": ["reading read", "reading", "waiting", "closed"],
  "head-same": ["live", "reading", "waiting", "closed"],
  "head-ahead": ["reading read", "reading", "waiting", "closed"],
  "head-behind": ["reading read", "reading", "waiting", "closed"],
  "page-end": ["live", "live go-live", "waiting", "closed"],
  "page-more": ["live", "reading read", "waiting", "closed"],
  "page-full": ["live", "waiting", "waiting", "closed"],
  "page-failed": ["live", "waiting", "waiting", "closed"],
  slow: ["waiting", "reading", "waiting", "closed"],
  drained: ["live", "reading", "reading read", "closed"],
  close: ["closed", "closed", "closed", "closed"],
};

describe("the delivery table", () => {
  const cells = Object.entries(EXPECTED).flatMap(([signal, row]) =>
    PHASES.map((phase, i) => ({ phase, signal: signal as Signal, expected: row[i] ?? "" })),
  );

  it.each(cells)("$phase + $signal -> $expected", ({ phase, signal, expected }) => {
    const [next, action = "none"] = expected.split(" ");
    expect(TABLE[phase][signal]).toEqual({ phase: next, action });
  });

  it("has no phase and no signal beyond these", () => {
    expect(Object.keys(TABLE).sort()).toEqual([...PHASES].sort());
    for (const phase of PHASES) expect(Object.keys(TABLE[phase]).sort()).toEqual(Object.keys(EXPECTED).sort());
  });

  it("cannot be changed at run time", () => {
    for (const phase of PHASES) {
      for (const step of Object.values(TABLE[phase])) expect(Object.isFrozen(step)).toBe(true);
    }
  });
});

describe("signals", () => {
  it.each([
    { at: "5-0", prev: "5-0", last: "6-0", expected: "push-next" },
    { at: "0-0", prev: "0-0", last: "6-0", expected: "push-next" },
    { at: "5-0", prev: "4-0", last: "5-0", expected: "push-old" },
    { at: "5-0", prev: "1-0", last: "3-0", expected: "push-old" },
    { at: "10-0", prev: "8-0", last: "9-0", expected: "push-old" },
    { at: "5-0", prev: "5-1", last: "5-2", expected: "push-ahead" },
    { at: "9-0", prev: "10-0", last: "11-0", expected: "push-ahead" },
    // A batch that begins before the socket's place and ends behind it is not to be cut.
    { at: "5-0", prev: "4-0", last: "6-0", expected: "push-ahead" },
  ])("a push $prev..$last is $expected at $at", ({ at, prev, last, expected }) => {
    expect(signalOfPush(at, prev, last)).toBe(expected);
  });

  it.each([
    { at: "5-0", head: "5-0", expected: "head-same" },
    { at: "5-9", head: "5-10", expected: "head-ahead" },
    { at: "10-0", head: "9-0", expected: "head-behind" },
    { at: "0-0", head: "0-0", expected: "head-same" },
  ])("a head $head is $expected at $at", ({ at, head, expected }) => {
    expect(signalOfHead(at, head)).toBe(expected);
  });

  it.each([
    { at: "5-0", head: "5-0", announced: "0-0", isFull: false, expected: "page-end" },
    { at: "5-0", head: "5-0", announced: "5-0", isFull: false, expected: "page-end" },
    { at: "5-0", head: "5-0", announced: "6-0", isFull: false, expected: "page-more" },
    { at: "4-0", head: "5-0", announced: "0-0", isFull: false, expected: "page-more" },
    { at: "5-0", head: "5-0", announced: "5-0", isFull: true, expected: "page-full" },
    { at: "4-0", head: "5-0", announced: "6-0", isFull: true, expected: "page-full" },
  ])("a page up to $at of $head, $announced announced, full $isFull, is $expected", (page) => {
    expect(signalOfPage(page.at, page.head, page.announced, page.isFull)).toBe(page.expected);
  });
});
