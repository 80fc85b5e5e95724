/**
 * `npm run offline -- [--scale 1] [--repetitions 3] [--part custody] [--part couriers] [--part drain] [--part homecoming]`:
 * what users who are away cost, and how they get what waits for them. Prints a table a part, and ends with 1 where a limit
 * is not kept.
 */
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { type Figure, isReached, summarize, toTable } from "@doorstep/testkit";

import { createAway } from "./away.ts";
import { measureCouriers } from "./couriers.ts";
import { measureCustody } from "./custody.ts";
import { measureDrain } from "./drain.ts";
import { measureHomecoming } from "./homecoming.ts";

const { values } = parseArgs({
  options: {
    scale: { type: "string", default: "1" },
    repetitions: { type: "string", default: "3" },
    part: { type: "string", multiple: true, default: ["custody", "couriers", "drain", "homecoming"] },
  },
});
const away = createAway(Number(values.scale));
const parts: Record<string, (turn: number) => Promise<Figure[]>> = {
  custody: (turn) => measureCustody(away, turn),
  couriers: (turn) => measureCouriers(away, turn),
  drain: () => measureDrain(),
  homecoming: () => measureHomecoming(away),
};
const repetitions = Number(values.repetitions);
for (const name of values.part) {
  const measure = parts[name];
  if (measure === undefined) throw new RangeError(`--part is ${Object.keys(parts).join(", ")}, not ${name}`);
  const [load = Number.NaN] = loadavg();
  const figures: Figure[][] = [];
  for (let turn = 0; turn < repetitions; turn++) figures.push(await measure(turn));
  const summaries = summarize(figures);
  const machine = `${availableParallelism()} cores, load ${load.toFixed(2)} at the beginning`;
  console.log(toTable(`${name}: ${away.users} users away, ${repetitions} repetitions, ${machine}`, summaries));
  if (summaries.some((summary) => isReached(summary) === false)) process.exitCode = 1;
}
