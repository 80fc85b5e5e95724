/**
 * `npm run neighbour -- [--megabytes 100] [--rate 10] [--repetitions 3]`: what a client that stopped reading costs everybody
 * else. Prints a table, and ends with 1 where a neighbour waits more than twice as long, the gateway grows by 16 MB or
 * more, or the client does not get everything.
 */
import { parseArgs } from "node:util";

import { runRepetition } from "./repetition.ts";
import { isGood, summarize, toTable } from "./table.ts";

const { values } = parseArgs({
  options: {
    megabytes: { type: "string", default: "100" },
    rate: { type: "string", default: "10" },
    repetitions: { type: "string", default: "3" },
  },
});
const orders = { megabytes: Number(values.megabytes), megabytesPerS: Number(values.rate) };
const repetitions = [];
for (let index = 0; index < Number(values.repetitions); index++) {
  const repetition = await runRepetition(orders, index);
  repetitions.push(repetition);
  console.log(toTable(`repetition ${index + 1}`, repetition));
}
const summary = summarize(repetitions);
console.log(
  toTable(`medians of ${repetitions.length}, ${orders.megabytes} MB at ${orders.megabytesPerS} MB/s`, summary),
);
process.exitCode = isGood(summary) ? 0 : 1;
