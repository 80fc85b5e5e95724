/**
 * `npm run sizing -- [--measure] [--part NAME ...] [--write] [--repetitions 3]`: what a hub of some size needs, and whether the
 * arithmetic behind that is right.
 *
 * Prints the sizing table, runs the same load on one, two and three Redis masters, compares CPU and bytes with the model's and
 * ends with 1 where the model is off. `--measure` measures the model's constants anew, between those runs, so that what the
 * machine does meanwhile hits both alike; `--part` some of them, the others stay as they are kept. `--write` keeps what was
 * measured in constants.json and docs/operations/cost.md.
 */
import { parseArgs } from "node:util";

import { describeMachine, readVersions } from "../result.ts";
import { type Constants, type ConstantsFile, readConstants, writeConstants } from "./constants.ts";
import { gather, measurePart, PARTS } from "./measure.ts";
import { comparisonTable, constantsTable, limitsTable, sizingTable, writeSections } from "./page.ts";
import { compare, MASTER_COUNTS, type Observed, simulate } from "./simulate.ts";
import { judge } from "./verdict.ts";

const { values } = parseArgs({
  options: {
    measure: { type: "boolean", default: false },
    part: { type: "string", multiple: true, default: [] },
    write: { type: "boolean", default: false },
    repetitions: { type: "string", default: "3" },
  },
});
const repetitions = Number(values.repetitions);
if (!Number.isInteger(repetitions) || repetitions < 1) throw new RangeError("--repetitions is a whole number from 1");
const parts = values.measure ? Object.keys(PARTS) : values.part;

const startedAt = new Date().toISOString();
const measured: Partial<Constants>[] = [];
const observed: Observed[] = [];
for (let repetition = 0; repetition < repetitions; repetition++) {
  const turn = `repetition ${repetition + 1} of ${repetitions}`;
  for (const part of parts) {
    console.error(`constants · ${part} · ${turn}`);
    measured.push(await measurePart(part));
  }
  for (const masters of turned(MASTER_COUNTS, repetition)) {
    console.error(`runs · masters: ${masters} · ${turn}`);
    observed.push(await simulate(masters));
  }
}
const file = parts.length === 0 ? await readConstants() : await fileOf(measured);
const verdicts = judge(observed.flatMap((one) => compare(file.constants, one)));
const sections = {
  constants: constantsTable(file),
  sizing: sizingTable(file),
  limits: limitsTable(file),
  comparison: comparisonTable(verdicts),
};
for (const section of Object.values(sections)) console.log(section, "\n");
if (values.write) {
  await writeConstants(file);
  await writeSections(sections);
}
if (verdicts.some(({ isWithin }) => !isWithin)) process.exitCode = 1;

async function fileOf(measurements: readonly Partial<Constants>[]): Promise<ConstantsFile> {
  // All of them are there anew, or the others have to be known.
  const kept = values.measure ? {} : await readConstants();
  return {
    measuredAt: startedAt,
    machine: describeMachine(),
    versions: await readVersions(process.env),
    repetitions,
    ...gather(measurements, kept),
  };
}

/** The order turns, so that what the machine does meanwhile hits all alike. */
function turned<T>(all: readonly T[], by: number): T[] {
  const from = by % all.length;
  return [...all.slice(from), ...all.slice(0, from)];
}
