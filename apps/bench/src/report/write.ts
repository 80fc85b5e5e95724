/** Writes the report: the figures into benchmarks.md of a folder, the plots into a folder beside it. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { BenchResult } from "../result.ts";
import { merge } from "./merge.ts";
import { writePage } from "./page.ts";
import { drawPlots } from "./plots.ts";

/** Where the project's own report is. */
export const REPORT_FOLDER = fileURLToPath(new URL("../../../../docs/operations", import.meta.url));

/** Writes it, and answers the files. The page has to be there, with a place for the figures. */
export async function writeReport(results: readonly BenchResult[], folder = REPORT_FOLDER): Promise<string[]> {
  const merged = merge(results);
  const plots = drawPlots(merged.runs);
  const page = join(folder, "benchmarks.md");
  await writeFile(page, writePage(await readFile(page, "utf8"), { merged, plots: new Set(plots.keys()) }));
  await mkdir(join(folder, "benchmarks"), { recursive: true });
  const files = [...plots].map(([name, svg]) => ({ file: join(folder, "benchmarks", name), svg }));
  await Promise.all(files.map(({ file, svg }) => writeFile(file, svg)));
  return [page, ...files.map(({ file }) => file)];
}
