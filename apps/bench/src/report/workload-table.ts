/** The table of one workload: a row a figure, a column a target; medians, spreads, ratios to the yardstick, limits. */
import { isReached, median, summarize, type Summary } from "@doorstep/testkit";

import { TARGETS, YARDSTICK } from "../targets.ts";
import type { SessionRun } from "./merge.ts";
import { formatNumber, formatRatio, formatSpread } from "./number.ts";

/** Writes the table; `runs` are those of the workload alone. */
export function toWorkloadTable(runs: readonly SessionRun[]): string {
  const targets = orderTargets(runs.map(({ target }) => target));
  const columns = new Map(targets.map((target) => [target, summarizeTarget(runs, target)]));
  const names = [...new Set([...columns.values()].flatMap((column) => Array.from(column.keys())))];
  const rows = names.map((name) => {
    const summaries = targets.map((target) => columns.get(target)?.get(name));
    const yardstick = columns.get(YARDSTICK)?.get(name);
    const unit = summaries.find((summary) => summary !== undefined)?.unit ?? "";
    const cells = summaries.map((summary, index) =>
      toCell(summary, targets[index] === YARDSTICK ? undefined : yardstick),
    );
    return `| ${[unit === "" ? name : `${name}, ${unit}`, ...cells, toLimit(summaries)].join(" | ")} |`;
  });
  return [
    `| figure | ${targets.join(" | ")} | limit, reached |`,
    `|---|${"---|".repeat(targets.length + 1)}`,
    ...rows,
  ].join("\n");
}

/** In the benchmark's order; those that it does not know come last. */
export function orderTargets(targets: readonly string[]): string[] {
  const known = TARGETS.map(({ name }) => name);
  const place = (target: string): number => (known.includes(target) ? known.indexOf(target) : known.length);
  return [...new Set(targets)].toSorted((a, b) => place(a) - place(b));
}

function summarizeTarget(runs: readonly SessionRun[], target: string): Map<string, Summary> {
  const own = runs.filter((run) => run.target === target);
  return new Map(summarize(own.map(({ figures }) => figures)).map((summary) => [summary.name, summary]));
}

function toCell(summary: Summary | undefined, yardstick: Summary | undefined): string {
  if (summary === undefined) return "";
  const middle = median(summary.values);
  const ratio = yardstick === undefined ? "" : formatRatio(middle / median(yardstick.values));
  return [formatSpread(middle, summary.values), ratio].filter((part) => part !== "").join(" · ");
}

/** The limit of whoever has one, and whether it is kept. */
function toLimit(summaries: readonly (Summary | undefined)[]): string {
  const limited = summaries.find((summary) => summary?.limit !== undefined);
  if (limited?.limit === undefined) return "";
  const { kind, value } = limited.limit;
  return `${kind} ${formatNumber(value)}, ${isReached(limited) === true ? "yes" : "**no**"}`;
}
