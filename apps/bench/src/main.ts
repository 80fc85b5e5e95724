/**
 * `npm run bench -- [--target NAME ...] [--workload NAME ...] [--repetitions 3] [--scale 1] [--json FILE]`: measures Doorstep
 * beside others. Prints a table a workload; ends with 1 where a run failed.
 */
import { writeFile } from "node:fs/promises";

import { runBench } from "./bench.ts";
import { type BenchOptions, parseOptions } from "./option.ts";
import { type BenchResult, describeMachine, readVersions } from "./result.ts";
import { toTable } from "./table.ts";

/** EX_USAGE of sysexits.h. */
const WRONG_USAGE = 64;

const args = process.argv.slice(2);
const options = readOptions();
const startedAt = new Date().toISOString();
const machine = describeMachine();
const versions = await readVersions(process.env);
const results = await runBench(options, (line) => console.error(line));
for (const { name, title } of options.workloads) {
  const own = results.filter(({ workload }) => workload === name);
  console.log(toTable({ title, targets: options.targets.map((target) => target.name), results: own }));
}
const result: BenchResult = { machine, versions, command: ["npm run bench --", ...args].join(" "), startedAt, results };
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
if (results.some(({ error }) => error !== undefined)) process.exitCode = 1;

function readOptions(): BenchOptions {
  try {
    return parseOptions(args);
  } catch (error) {
    console.error(String(error));
    return process.exit(WRONG_USAGE);
  }
}
