import { describe, expect, it } from "@jest/globals";

import { check } from "../../src/checker/check.ts";
import type { Operation } from "../../src/checker/history.ts";
import {
  applies,
  asks,
  connects,
  connectsNew,
  log,
  phoneHasThree,
  publishes,
  receives,
  story,
  three,
} from "./support/story.ts";
import { expectClean } from "./support/verdict.ts";

describe("a history in which everything arrives", () => {
  it("is clean", () => {
    expectClean(story(three, phoneHasThree, log([1, 2, 3])));
  });
});

describe("a verdict", () => {
  it("says how much was looked at", () => {
    const open = [asks(4, "invoke"), asks(4, "indeterminate"), asks(5, "invoke"), asks(5, "fail"), asks(6, "invoke")];
    const { tally } = check(story(three, open, phoneHasThree, log([1, 2, 3])));
    expect(tally).toEqual({
      operations: 16,
      users: 1,
      devices: 1,
      liveDevices: 1,
      acknowledged: 3,
      refused: 1,
      indeterminate: 2,
      received: 3,
      applied: 0,
      gaps: 0,
      declaredLosses: 0,
    });
  });

  it("counts all findings and keeps a few examples", () => {
    const ghosts = Array.from({ length: 12 }, (_, n) => receives("phone", n + 1));
    const { phantom } = check(story(connects("phone"), ghosts), { maxExamples: 3 }).rules;
    expect([phantom.count, phantom.examples.length]).toEqual([12, 3]);
  });
});

describe("a check of 200,000 operations", () => {
  /** Events to 40 users with two devices each; every hundredth event a device comes back, at its offset or without. */
  function longHistory(perUser: number): Operation[] {
    return Array.from({ length: 40 }, (_, user) => {
      const userId = `user-${user}`;
      const forUser = userId;
      const told = (n: number) => ({ userId, id: `e${user}.${n}`, publisher: `p${user % 3}`, n: user * 1e6 + n });
      const lines: Operation[] = [connects("phone", { userId }), connects("laptop", { userId, applies: true })];
      for (let n = 1; n <= perUser; n++) {
        const life = 1 + Math.floor(n / 100);
        if (n % 100 === 0) {
          lines.push(connects("phone", { userId, life, presented: `${n - 1}-0` }));
          lines.push(connectsNew("laptop", { userId, life, applies: true, atMs: n * 10 }));
        }
        lines.push(...publishes(n, { ...told(n), offset: `${n}-0` }));
        for (const device of ["phone", "laptop"]) lines.push(receives(device, n, { ...told(n), forUser, life }));
        lines.push(applies("laptop", n, { ...told(n), forUser, life }));
      }
      const kept = Math.min(500, perUser);
      const entries = Array.from({ length: kept }, (_, n) => perUser - kept + 1 + n);
      const head = `${perUser}-0`;
      const stored = entries.map((n) => ({ offset: `${n}-0`, id: `e${user}.${n}` }));
      lines.push({ ...log([]), userId, entries: stored, head, acked: head, trimmed: `${perUser - kept}-0` });
      return lines;
    }).flat();
  }

  /** How many times as long ten times the history takes; 10 where time grows with it, 100 where it grows with its square. */
  function growth(judge: (perUser: number) => void): number {
    const timeOf = (perUser: number): number => {
      const begun = performance.now();
      judge(perUser);
      return performance.now() - begun;
    };
    timeOf(100);
    return timeOf(1_000) / Math.min(timeOf(100), timeOf(100), timeOf(100));
  }

  it("takes time that grows with its length, not with its square", () => {
    expect(longHistory(1_000).length).toBeGreaterThan(200_000);
    expect(growth((perUser) => expectClean(longHistory(perUser)))).toBeLessThan(50);
  });

  it("takes no longer for being one defect after the other", () => {
    const judge = (perUser: number): void => {
      const holed = longHistory(perUser).filter((line, index) => line.op !== "received" || index % 3 > 0);
      expect(check(holed).rules.hole.count).toBeGreaterThan(perUser * 10);
    };
    expect(growth(judge)).toBeLessThan(50);
  });
});
