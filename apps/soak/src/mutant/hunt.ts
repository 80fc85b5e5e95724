/**
 * A hunt: is a mutant caught, by the rule that should, and is the hub with the repair clean under the same fault and seed?
 *
 * A few seeds are tried, since chance may spare the instant that matters; the first one that breaks an expected rule
 * ends the hunt. A run in which the harness fails judges nothing and does not count.
 */
import type { Environment, Rule } from "@doorstep/testkit";

import type { Edit, Mutant } from "./mutant.ts";
import { createTestBuild } from "./test-build.ts";
import { type Findings, runTrial, type TrialReport } from "./trial/trial.ts";

/** What came of a hunt. */
export interface Catch {
  readonly mutant: Mutant;
  readonly isCaught: boolean;
  /** The last seed that was tried. */
  readonly seed: number;
  /** The rules that this run broke, expected ones first. */
  readonly rules: readonly Rule[];
  /** Whether the control was clean; undefined where it was not run. */
  readonly isControlClean?: boolean;
}

/** How to hunt. */
export interface HuntOptions {
  readonly mutant: Mutant;
  /** The seeds to try, in order. */
  readonly seeds: readonly number[];
  /** Whether to run the control. @default true */
  readonly hasControl?: boolean;
  /** Environment of the trials. */
  readonly env: Environment;
  readonly print: (text: string) => void;
}

/** Hunts a mutant. Throws where an edit does not fit or no run was judged at all. */
export async function hunt({ mutant, seeds, hasControl = true, env, print }: HuntOptions): Promise<Catch> {
  const { name, edits, slows = [], breaks } = mutant;
  const found = await tryBuild([...edits, ...slows], { name, mutant, seeds, env, print, isDone: isCaughtBy(breaks) });
  const { seed, findings } = found;
  const rules = (Object.keys(findings.rules) as Rule[]).sort((a, b) => rank(breaks, a) - rank(breaks, b));
  const isCaught = isCaughtBy(breaks)(findings);
  const result: Catch = { mutant, isCaught, seed, rules };
  if (!isCaught || !hasControl) return result;
  // Once more only where nothing was judged: a control that is clean at the second try is not clean.
  const control = { name: `control of ${name}`, mutant, seeds: [seed, seed], env, print, isDone: () => true };
  return { ...result, isControlClean: (await tryBuild(slows, control)).findings.isClean };
}

interface Attempt {
  readonly name: string;
  readonly mutant: Mutant;
  readonly seeds: readonly number[];
  readonly env: Environment;
  readonly print: (text: string) => void;
  readonly isDone: (findings: Findings) => boolean;
}

/** Runs seed after seed against one build until one is done; the last one that was judged is the answer. */
async function tryBuild(edits: readonly Edit[], attempt: Attempt): Promise<{ seed: number; findings: Findings }> {
  const { name, mutant, seeds, env, print, isDone } = attempt;
  const build = await createTestBuild(edits);
  let last: { seed: number; findings: Findings } | undefined;
  let failure: unknown;
  try {
    for (const seed of seeds) {
      let report: TrialReport;
      try {
        report = await runTrial(build, { plan: mutant.plan, seed }, env);
      } catch (error) {
        failure = error;
        print(`${name}: the harness failed with seed ${seed}: ${String(error)}`);
        continue;
      }
      const { findings, text } = report;
      last = { seed, findings };
      const [line = ""] = text.split("\n");
      print(`${name}: ${line}${findings.isClean ? "" : ` (${Object.keys(findings.rules).join(", ")})`}`);
      if (isDone(findings)) return last;
    }
  } finally {
    await build.remove();
  }
  if (last === undefined) throw new Error(`${name}: no run was judged`, { cause: failure });
  return last;
}

function isCaughtBy(breaks: readonly Rule[]): (findings: Findings) => boolean {
  return ({ rules }) => breaks.some((rule) => rules[rule] !== undefined);
}

function rank(expected: readonly Rule[], rule: Rule): number {
  const place = expected.indexOf(rule);
  return place < 0 ? expected.length : place;
}
