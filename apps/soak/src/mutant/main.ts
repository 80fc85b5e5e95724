/**
 * `npm run mutants -- [--mutant name]... [--seeds 6]`: takes the repairs out of the hub one by one, and ends with 1 where the
 * checker does not notice.
 */
import { parseArgs } from "node:util";

import { type Catch, hunt } from "./hunt.ts";
import { findMutant, MUTANTS } from "./mutants.ts";
import { formatTable, isComplete } from "./table.ts";

const { values } = parseArgs({
  options: {
    mutant: { type: "string", multiple: true, default: [] },
    seeds: { type: "string", default: "6" },
  },
});
const mutants = values.mutant.length === 0 ? MUTANTS : values.mutant.map(findMutant);
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => index + 1);
const catches: Catch[] = [];
for (const mutant of mutants) {
  catches.push(await hunt({ mutant, seeds, env: process.env, print: (text) => console.log(text) }));
}
console.log(`\n${formatTable(catches)}`);
process.exitCode = isComplete(catches) ? 0 : 1;
