/** Tables in Markdown: a workload's figures, one column a target, medians and their ratios to the yardstick. */
import { type Figure, isReached, summarize, type Summary, median } from "@doorstep/testkit";

import type { RunResult } from "./result.ts";
import { YARDSTICK } from "./targets.ts";

export interface TableOptions {
  readonly title: string;
  /** In the order of the columns. */
  readonly targets: readonly string[];
  readonly results: readonly RunResult[];
}

/** Writes the table of one workload; `results` are those of the workload alone. */
export function toTable({ title, targets, results }: TableOptions): string {
  const columns = targets.map((target) => summarizeTarget(results, target));
  const yardstick = columns[targets.indexOf(YARDSTICK)];
  const names = [...new Set(columns.flatMap((column) => [...column.keys()]))];
  const rows = names.map((name) => {
    const unit = columns.find((column) => column.has(name))?.get(name)?.unit ?? "";
    const cells = columns.map((column) =>
      toCell(column.get(name), column === yardstick ? undefined : yardstick?.get(name)),
    );
    return `| ${[unit === "" ? name : `${name}, ${unit}`, ...cells].join(" | ")} |`;
  });
  const errors = results.flatMap(({ target, error }) => (error === undefined ? [] : [`- ${target}: ${error}`]));
  const head = [`| figure | ${targets.join(" | ")} |`, `|---${"|---".repeat(targets.length)}|`];
  return [`## ${title}`, "", ...head, ...rows, "", ...errors].join("\n");
}

function summarizeTarget(results: readonly RunResult[], target: string): Map<string, Summary> {
  const repetitions: (readonly Figure[])[] = results
    .filter((result) => result.target === target)
    .map(({ figures }) => figures);
  return new Map(summarize(repetitions).map((summary) => [summary.name, summary]));
}

/** The median, its ratio, and a mark where a limit is not kept. */
function toCell(summary: Summary | undefined, yardstick: Summary | undefined): string {
  if (summary === undefined) return "";
  const value = median(summary.values);
  const ratio = yardstick === undefined ? Number.NaN : value / median(yardstick.values);
  const share = Number.isFinite(ratio) ? ` (${ratio.toFixed(2)} x)` : "";
  return `${format(value)}${share}${isReached(summary) === false ? " **!**" : ""}`;
}

function format(value: number): string {
  return value.toFixed(Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 2);
}
