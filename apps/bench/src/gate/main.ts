/** `node apps/bench/dist/gate/main.js [--accept]`: counts what an event costs and compares, or accepts it as it is. */
import { readFile, writeFile } from "node:fs/promises";

import { type Accepted, judgeGate, toAccepted, toGateTable, toMessage } from "../gate.ts";
import { measureGate } from "./measure.ts";

const ACCEPTED = new URL("../../gate.json", import.meta.url);

const accepted = JSON.parse(await readFile(ACCEPTED, "utf8")) as Accepted;
const figures = await measureGate();
console.log(toGateTable(figures, accepted));
const problems = judgeGate(figures, accepted);
if (process.argv.includes("--accept")) {
  await writeFile(ACCEPTED, `${JSON.stringify(toAccepted(figures), undefined, 2)}\n`);
} else if (problems.length > 0) {
  console.error(toMessage(problems));
  process.exitCode = 1;
}
