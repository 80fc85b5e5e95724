/**
 * `node apps/bench/dist/report/main.js FILE...`: writes docs/operations/benchmarks.md and its plots from what `--json` wrote.
 * Of several files, a later one wins where both have a workload and target.
 */
import { readFile } from "node:fs/promises";

import type { BenchResult } from "../result.ts";
import { writeReport } from "./write.ts";

/** EX_USAGE of sysexits.h. */
const WRONG_USAGE = 64;

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error("name the files that the benchmark wrote with --json");
  process.exit(WRONG_USAGE);
}
const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
const written = await writeReport(texts.map((text) => JSON.parse(text) as BenchResult));
for (const file of written) console.log(file);
