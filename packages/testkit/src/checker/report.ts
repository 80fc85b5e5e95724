/** A verdict as text, for a failing test and for the report of a soak. */
import type { Operation } from "./history.ts";
import { type Rule, RULES, type Verdict } from "./verdict.ts";

/** Whether no rule has a finding. Declared losses are none. */
export function isClean({ rules }: Verdict): boolean {
  return Object.values(rules).every(({ count }) => count === 0);
}

/** Writes a verdict: a line on what was looked at, then each broken rule with its examples. */
export function formatVerdict(verdict: Verdict): string {
  const broken = (Object.keys(RULES) as Rule[]).filter((rule) => verdict.rules[rule].count > 0);
  const outcome = broken.length === 0 ? "clean" : `broken: ${broken.join(", ")}`;
  return [outcome, formatTally(verdict), ...broken.flatMap((rule) => formatRule(rule, verdict))].join("\n");
}

function formatTally({ tally }: Verdict): string {
  const { operations, users, devices, liveDevices, acknowledged, refused, indeterminate } = tally;
  return [
    `  ${operations} operations, ${users} users, ${devices} devices (${liveDevices} connected at the end)`,
    `  published: ${acknowledged} acknowledged, ${refused} refused, ${indeterminate} indeterminate`,
    `  arrived: ${tally.received} received, ${tally.applied} applied, ${tally.gaps} gaps`,
    `  declared losses: ${tally.declaredLosses}`,
  ].join("\n");
}

function formatRule(rule: Rule, { rules }: Verdict): string[] {
  const { count, examples } = rules[rule];
  const lines = examples.flatMap(({ text, operations }) => [`  - ${text}`, ...operations.map(formatOperation)]);
  const more = count > examples.length ? [`  ... and ${count - examples.length} more`] : [];
  return [`${rule}: ${count} (${RULES[rule]})`, ...lines, ...more];
}

function formatOperation(operation: Operation): string {
  const { op, ...fields } = operation;
  const words = Object.entries(fields).map(([name, value]) => `${name}=${formatValue(value)}`);
  return `      ${op} ${words.join(" ")}`;
}

/** Long lists, such as the entries of a log, by their length. */
function formatValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.length}]`;
  return typeof value === "string" ? value : JSON.stringify(value);
}
