/**
 * Figures of a measurement: each has a value per repetition and, where something was promised, a limit.
 *
 * A duration, a ratio or a size is judged by the middle repetition. What must never happen, such as an event out of order, is
 * judged by the worst one.
 */

/** What a value has to be to keep what was promised. */
export interface Limit {
  readonly kind: "at most" | "at least";
  readonly value: number;
  /** @default "median" */
  readonly by?: "median" | "worst";
}

/** One thing that one repetition measured. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly limit?: Limit;
}

/** The same over all repetitions. */
export interface Summary {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly number[];
  readonly limit: Limit | undefined;
}

export const NEVER: Limit = { kind: "at most", value: 0, by: "worst" };

/** Gathers the figures of all repetitions by name, in the order in which they first come. */
export function summarize(repetitions: readonly (readonly Figure[])[]): Summary[] {
  const summaries = new Map<string, Summary & { values: number[] }>();
  for (const { name, unit, value, limit } of repetitions.flat()) {
    const known = summaries.get(name);
    if (known === undefined) summaries.set(name, { name, unit, values: [value], limit });
    else known.values.push(value);
  }
  return [...summaries.values()];
}

/** Whether a figure is within its limit; undefined where it has none. What could not be measured is not within any. */
export function isReached({ values, limit }: Summary): boolean | undefined {
  if (limit === undefined) return undefined;
  const value = limit.by === "worst" ? worst(values, limit) : median(values);
  return limit.kind === "at most" ? value <= limit.value : value >= limit.value;
}

/** Writes a table in Markdown. */
export function toTable(title: string, summaries: readonly Summary[]): string {
  const rows = summaries.map((summary) => {
    const { name, unit, values, limit } = summary;
    const reached = isReached(summary);
    const cells = [
      unit === "" ? name : `${name}, ${unit}`,
      format(median(values)),
      values.map(format).join(" "),
      limit === undefined ? "" : `${limit.kind} ${format(limit.value)}`,
      reached === undefined ? "" : reached ? "yes" : "**no**",
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return [title, "", "| figure | median | each | limit | reached |", "|---|---|---|---|---|", ...rows, ""].join("\n");
}

/** The value in the middle; of an even number the higher one. NaN where there is none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which a share of them is. NaN where there is none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function worst(values: readonly number[], { kind }: Limit): number {
  return kind === "at most" ? Math.max(...values) : Math.min(...values);
}

function format(value: number): string {
  const digits = Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 2;
  return value.toFixed(digits);
}
