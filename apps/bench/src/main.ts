/**
 * `npm run bench -- [--target NAME ...] [--workload NAME ...] [--repetitions 3] [--scale 1] [--seconds 600]
 * [--json FILE] [--report]`: measures Doorstep beside others; the seconds are the soak's. Prints a table a workload; ends with 1
 * where a run failed. `--report` writes docs/operations/benchmarks.md, too. `-- --gate [--accept]` counts instead: gate/main.ts.
 */
import { writeFile } from "node:fs/promises";

import { runBench } from "./bench.ts";
import { type BenchOptions, helpText, parseOptions } from "./option.ts";
import { writeReport } from "./report/write.ts";
import { type BenchResult, describeMachine, readVersions } from "./result.ts";
import { toTable } from "./table.ts";
import { ABSENT } from "./targets.ts";

/** EX_USAGE of sysexits.h. */
const WRONG_USAGE = 64;

const args = process.argv.slice(2);
if (args.includes("--gate")) {
  await import("./gate/main.ts");
  process.exit();
}
if (args.includes("--help")) {
  console.log(helpText());
  process.exit();
}
const options = readOptions();
const startedAt = new Date().toISOString();
const machine = describeMachine();
const versions = await readVersions(process.env);
const results = await runBench(options, (line) => console.error(line));
const absent = options.areTargetsNamed ? [] : ABSENT;
for (const { name, title } of options.workloads) {
  const own = results.filter(({ workload }) => workload === name);
  console.log(toTable({ title, targets: options.targets.map((target) => target.name), results: own }));
}
for (const { name, reason } of absent) {
  console.log(`Left out: ${name}, since there is ${reason}.`);
}
const command = ["npm run bench --", ...args].join(" ");
const result: BenchResult = { machine, versions, command, startedAt, absent, results };
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
if (options.report) await writeReport([result]);
if (results.some(({ error }) => error !== undefined)) process.exitCode = 1;

function readOptions(): BenchOptions {
  try {
    return parseOptions(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)} (npm run bench -- --help)`);
    return process.exit(WRONG_USAGE);
  }
}
