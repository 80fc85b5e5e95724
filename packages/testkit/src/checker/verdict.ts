/**
 * Verdict: what a check found, rule by rule, each finding with the operations that prove it.
 *
 * A rule keeps a few examples and counts all. What a fault class declared as possible is counted apart, as no finding.
 */
import type { Operation } from "./history.ts";

/** The rules, each with the sentence that a finding breaks. */
export const RULES = {
  lostSilent: "an acknowledged durable event reaches every live device, or is kept, or the device is told",
  lostTold: "no acknowledged durable event is lost, told or not, but for declared losses",
  needlessGap: "a device is told that an event will not come only where the hub does not have it",
  phantom: "what arrives or is kept was published, and not refused",
  crossUser: "a device receives its own user's events only",
  duplicateApplied: "an event is handed to the application of a device once",
  duplicateWire: "an offset is written once on one connection",
  duplicateLog: "an event stands at one offset",
  order: "offsets grow on a connection, in an application, and from one publish to the next",
  hole: "what lies between two positions of a device came, or a gap said that it would not",
  fork: "an offset of a user names one event, whoever looks",
  ackSafety: "nothing is given up unacknowledged, and nothing is acknowledged that no device got",
  liveness: "after the heal every live device reaches the head in time",
  bounded: "memory and keys stay under their caps and return to where they began",
} as const;

/** Name of a rule. */
export type Rule = keyof typeof RULES;

/** What breaks a rule, in words, and the operations that prove it (a few, where they are many). */
export interface Finding {
  readonly text: string;
  readonly operations: readonly Operation[];
}

/** All findings of one rule. */
export interface RuleVerdict {
  readonly count: number;
  /** The first few of them. */
  readonly examples: readonly Finding[];
}

/** What was looked at, so that an empty check does not pass for a clean one. */
export interface Tally {
  readonly operations: number;
  readonly users: number;
  readonly devices: number;
  /** Devices that are connected at the end. */
  readonly liveDevices: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly indeterminate: number;
  readonly received: number;
  readonly applied: number;
  readonly gaps: number;
  /** Acknowledged durable events that were lost, told, and declared as possible. */
  readonly declaredLosses: number;
}

/** What a check found. */
export interface Verdict {
  readonly rules: Readonly<Record<Rule, RuleVerdict>>;
  readonly tally: Tally;
}

/** Takes one finding. */
export type Report = (rule: Rule, text: string, operations: readonly (Operation | undefined)[]) => void;

/** Creates the list that findings go into; `maxExamples` of each rule are kept. */
export function createFindings(maxExamples: number): { report: Report; rules: Record<Rule, RuleVerdict> } {
  const rules = {} as Record<Rule, { count: number; examples: Finding[] }>;
  for (const rule of Object.keys(RULES) as Rule[]) rules[rule] = { count: 0, examples: [] };
  const report: Report = (rule, text, operations) => {
    if (++rules[rule].count > maxExamples) return;
    rules[rule].examples.push({ text, operations: operations.filter((operation) => operation !== undefined) });
  };
  return { report, rules };
}
