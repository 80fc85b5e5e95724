/** The table of mutants, as Markdown. */
import type { Catch } from "./hunt.ts";

const HEADER = ["mutant", "what is switched off", "fault", "seed", "rules that failed", "caught", "control"];

/** Writes the table. */
export function formatTable(catches: readonly Catch[]): string {
  const rows = catches.map(({ mutant, seed, rules, isCaught, isControlClean }) => [
    mutant.name,
    mutant.lacks,
    mutant.plan.fault,
    String(seed),
    rules.length === 0 ? "none" : rules.join(", "),
    isCaught ? "yes" : "NO",
    isControlClean === undefined ? "not run" : isControlClean ? "clean" : "NOT CLEAN",
  ]);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(HEADER), `|${"---|".repeat(HEADER.length)}`, ...rows.map(line)].join("\n");
}

/** Whether nothing got away: every mutant caught, every control clean. */
export function isComplete(catches: readonly Catch[]): boolean {
  return catches.every(({ isCaught, isControlClean }) => isCaught && isControlClean === true);
}
