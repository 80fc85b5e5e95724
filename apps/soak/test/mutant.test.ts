import { describe, expect, it } from "@jest/globals";
import { findFault } from "../src/faults.ts";
import { hunt } from "../src/mutant/hunt.ts";
import { applyEdit, type Edit } from "../src/mutant/mutant.ts";
import { findMutant, MUTANTS } from "../src/mutant/mutants.ts";
import { formatTable, isComplete } from "../src/mutant/table.ts";
import { readBuilt } from "../src/mutant/test-build.ts";

const TIMEOUT_MS = 120_000;

describe("a mutant", () => {
  it.each(MUTANTS)("$name takes out what stands in the built hub once", async ({ edits, slows = [], plan }) => {
    expect(edits.length).toBeGreaterThan(0);
    for (const edit of [...edits, ...slows]) {
      const text = await readBuilt(edit.file);
      expect(applyEdit(text, edit)).not.toBe(text);
    }
    expect(findFault(plan.fault).name).toBe(plan.fault);
  });

  it("has a name of its own", () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    expect(() => findMutant("none")).toThrow(RangeError);
  });

  it("refuses an edit whose text is not there, or there twice", () => {
    const edit: Edit = { file: "a file", find: "b", replace: "c" };
    expect(applyEdit("abd", edit)).toBe("acd");
    expect(() => applyEdit("ad", edit)).toThrow("a file has 0 times instead of once: b");
    expect(() => applyEdit("abdb", edit)).toThrow("a file has 2 times instead of once: b");
  });

  it.each([
    { name: "no-dedupe-of-retries", hasControl: false, rule: "duplicateLog" },
    { name: "no-ack-clamp", hasControl: true, rule: "hole" },
  ])(
    "$name is caught by $rule",
    async ({ name, hasControl, rule }) => {
      const lines: string[] = [];
      const print = (line: string): void => void lines.push(line);
      const seeds = [1, 2, 3];
      const result = await hunt({ mutant: findMutant(name), seeds, hasControl, env: process.env, print });
      expect({ lines, ...result }).toMatchObject({ isCaught: true });
      expect(result.rules).toContain(rule);
      expect(result.isControlClean).toBe(hasControl ? true : undefined);
    },
    TIMEOUT_MS,
  );
});

describe("the table of mutants", () => {
  const mutant = findMutant("no-prev");

  it("names the rules that failed, and says what got away", () => {
    const caught = { mutant, isCaught: true, seed: 1, rules: ["hole", "lostSilent"] as const, isControlClean: true };
    const missed = { mutant, isCaught: false, seed: 3, rules: [] };
    const rows = formatTable([caught, missed]).split("\n").slice(2);
    expect(rows[0]).toContain("| pubsub-cut | 1 | hole, lostSilent | yes | clean |");
    expect(rows[1]).toContain("| pubsub-cut | 3 | none | NO | not run |");
    expect(isComplete([caught])).toBe(true);
    expect(isComplete([caught, missed])).toBe(false);
    expect(isComplete([{ ...caught, isControlClean: false }])).toBe(false);
  });
});
