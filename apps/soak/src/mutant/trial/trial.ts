/**
 * A trial: one run against a test build, in a process of that build.
 *
 * The process writes one line of JSON, its findings. Where it writes none the harness failed, and nothing was judged.
 */
import { join } from "node:path";
import { type Environment, type Rule, RULES, startProgram } from "@doorstep/testkit";

import type { RunResult } from "../../run.ts";
import type { TrialPlan } from "../mutant.ts";
import type { TestBuild } from "../test-build.ts";

/** What a trial is to do; plain JSON. */
export interface TrialOrders {
  readonly plan: TrialPlan;
  readonly seed: number;
}

/** What a trial found. */
export interface Findings {
  readonly isClean: boolean;
  /** The rules that were broken, with how often. */
  readonly rules: Partial<Record<Rule, number>>;
  /** What broke that no history tells. */
  readonly problems: readonly string[];
}

/** Findings, and the same in words. */
export interface TrialReport {
  readonly findings: Findings;
  readonly text: string;
}

const PROGRAM = "apps/soak/dist/mutant/trial/main.js";
const TIMEOUT_MS = 180_000;

/** Takes the findings out of a result. */
export function formatFindings({ isClean, verdict, problems }: Omit<RunResult, "history">): Findings {
  const counts = (Object.keys(RULES) as Rule[]).map((rule) => [rule, verdict.rules[rule].count] as const);
  return { isClean, rules: Object.fromEntries(counts.filter(([, count]) => count > 0)), problems };
}

/** Runs a trial; throws with what the process wrote where it found nothing out. */
export async function runTrial(build: TestBuild, orders: TrialOrders, env: Environment): Promise<TrialReport> {
  let report: TrialReport | undefined;
  const program = await startProgram({
    name: "trial",
    script: join(build.folder, PROGRAM),
    args: [JSON.stringify(orders)],
    env,
    log: ({ fields }) => {
      if ("findings" in fields) report = fields as unknown as TrialReport;
    },
  });
  const timer = setTimeout(() => void program.kill(), TIMEOUT_MS);
  const { code, signal } = await program.exited;
  clearTimeout(timer);
  if (report !== undefined) return report;
  const tail = program.lines.slice(-20).map(({ text }) => text);
  throw new Error([`the trial ended with ${signal ?? `code ${code}`}`, ...tail].join("\n"));
}
