/** What a history is found to break. */
import { expect } from "@jest/globals";

import { check, type CheckOptions } from "../../../src/checker/check.ts";
import type { Operation } from "../../../src/checker/history.ts";
import { formatVerdict } from "../../../src/checker/report.ts";
import type { Rule } from "../../../src/checker/verdict.ts";

/** The rules with findings, in their order. */
export function brokenRules(history: readonly Operation[], options?: CheckOptions): string[] {
  const { rules } = check(history, options);
  return Object.entries(rules).flatMap(([rule, { count }]) => (count > 0 ? [rule] : []));
}

/** Expects that one rule is broken and no other. */
export function expectOnly(rule: Rule, history: readonly Operation[], options?: CheckOptions): void {
  expect(brokenRules(history, options)).toEqual([rule]);
}

/** Expects that no rule is broken; fails with the whole verdict. */
export function expectClean(history: readonly Operation[], options?: CheckOptions): void {
  expect(formatVerdict(check(history, options))).toMatch(/^clean/);
}
