import { describe, expect, it } from "@jest/globals";

import { check } from "../../src/checker/check.ts";
import { formatVerdict, isClean } from "../../src/checker/report.ts";
import { log, phoneHasThree, phoneHasTwo, publishes, receives, story, three } from "./support/story.ts";

describe("a formatted verdict", () => {
  it("is one word and what was looked at, where all is well", () => {
    const verdict = check(story(three, phoneHasThree, log([1, 2, 3])));
    expect(isClean(verdict)).toBe(true);
    expect(formatVerdict(verdict).split("\n")).toEqual([
      "clean",
      "  11 operations, 1 users, 1 devices (1 connected at the end)",
      "  published: 3 acknowledged, 0 refused, 0 indeterminate",
      "  arrived: 3 received, 0 applied, 0 gaps",
      "  declared losses: 0",
    ]);
  });

  it("names each broken rule with the operations that prove it, and long lists by their length", () => {
    const verdict = check(story(publishes(1), publishes(2), phoneHasTwo, receives("phone", 2), log([1, 2, 3])));
    expect(isClean(verdict)).toBe(false);
    const text = formatVerdict(verdict);
    expect(text).toMatch(/^broken: phantom, duplicateWire, ackSafety, liveness\n/);
    expect(text).toContain("duplicateWire: 1 (an offset is written once on one connection)");
    expect(text).toContain("  - 2-0 was written twice to phone on connection 1\n      received device=phone");
    expect(text).toContain("log userId=ann entries=[3] head=3-0");
  });

  it("says how many findings it leaves out", () => {
    const ghosts = [1, 2, 3].map((n) => receives("phone", n));
    expect(formatVerdict(check(ghosts, { maxExamples: 1 }))).toContain("  ... and 2 more");
  });
});
