import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";

import { check } from "../../src/checker/check.ts";
import { formatVerdict } from "../../src/checker/report.ts";
import { RULES } from "../../src/checker/verdict.ts";
import { DEFECTS } from "./support/defect.ts";
import { arbitrarySteps, simulate } from "./support/simulator.ts";

describe("a check of what a correct hub does", () => {
  it("is clean, whatever happens", () => {
    fc.assert(
      fc.property(arbitrarySteps(false), (steps) => {
        expect(formatVerdict(check(simulate(steps)))).toMatch(/^clean/);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is clean under failovers that lose acknowledged events, where that is declared", () => {
    fc.assert(
      fc.property(arbitrarySteps(true), (steps) => {
        expect(formatVerdict(check(simulate(steps), { declaredLosses: ["failover"] }))).toMatch(/^clean/);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("a check of a hub with one defect", () => {
  it("has a defect for every rule", () => {
    expect(new Set(DEFECTS.map(([rule]) => rule))).toEqual(new Set(Object.keys(RULES)));
  });

  it.each(DEFECTS)("finds %s in one that %s", (rule, _, plant) => {
    fc.assert(
      fc.property(arbitrarySteps(false), fc.nat(), (steps, pick) => {
        const history = plant(simulate(steps), pick);
        fc.pre(history !== undefined);
        const verdict = check(history);
        expect({ [rule]: verdict.rules[rule].count > 0, verdict: formatVerdict(verdict) }).toMatchObject({
          [rule]: true,
        });
      }),
      { numRuns: 200 },
    );
  });
});
