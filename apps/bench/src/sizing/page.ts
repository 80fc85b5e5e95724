/**
 * docs/operations/cost.md: what of it is made from constants, model and runs. It stands between comments
 * `<!-- name -->` and `<!-- /name -->`; the rest of the page is written by people and left alone.
 */
import { readFile, writeFile } from "node:fs/promises";

import { median } from "@doorstep/testkit";

import { type ConstantName, type ConstantsFile, MEANINGS } from "./constants.ts";
import { limitsOf } from "./limits.ts";
import { ASSUMED, ratesOf, SIZES } from "./load.ts";
import { usedCores, workCores } from "./model.ts";
import { type Size, sizeOf, sum } from "./size.ts";
import { MOST_PERCENT, type Verdict } from "./verdict.ts";

const PAGE = new URL("../../../../docs/operations/cost.md", import.meta.url);
const GB = 1_024 ** 3;
const MB_PER_S = 1e6;
const BYTES_OF_MB = 1_024 ** 2;
const LARGE = 100_000;
/** Of RFC 3339. */
const DATE_LENGTH = 10;

/** Replaces sections of the page; throws where it has no such section. */
export async function writeSections(sections: Readonly<Record<string, string>>): Promise<void> {
  let page = await readFile(PAGE, "utf8");
  for (const [name, text] of Object.entries(sections)) page = withSection(page, name, text);
  await writeFile(PAGE, page);
}

/** A page with one section replaced; throws a RangeError where there is none of this name. */
export function withSection(page: string, name: string, text: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = page.indexOf(open);
  const to = page.indexOf(close);
  if (from < 0 || to < from) throw new RangeError(`no section ${name}`);
  return `${page.slice(0, from + open.length)}\n\n${text}\n\n${page.slice(to)}`;
}

/** What stands in a section; throws a RangeError where there is none of this name. */
export function sectionOf(page: string, name: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = page.indexOf(open);
  const to = page.indexOf(close);
  if (from < 0 || to < from) throw new RangeError(`no section ${name}`);
  return page.slice(from + open.length, to).trim();
}

/** The constants, with their spread and where they come from. */
export function constantsTable(file: ConstantsFile): string {
  const { constants, spread, machine, versions, repetitions, measuredAt } = file;
  const rows = (Object.keys(MEANINGS) as ConstantName[]).map((name) => {
    const { title, unit, from } = MEANINGS[name];
    const [least, most] = spread[name];
    return [`\`${name}\``, title, show(constants[name], unit), `${show(least, unit)} to ${show(most, unit)}`, from];
  });
  const about = [
    `Medians of ${repetitions} repetitions on ${measuredAt.slice(0, DATE_LENGTH)}: ${machine.cpu}, ${machine.cores} cores`,
    `${machine.system}, Node ${versions["node"] ?? "unknown"}, Redis ${versions["redis"] ?? "unknown"}.`,
  ];
  return `${about.join(", ")}\n\n${toTable(["constant", "what one costs", "median", "least to most", "measured by"], rows)}`;
}

/** The sizes for the assumed load, one column for each number of users. */
export function sizingTable({ constants }: Pick<ConstantsFile, "constants">): string {
  const sizes = SIZES.map((users) => sizeOf(constants, { ...ASSUMED, users }));
  const row = (name: string, of: (size: Size) => string): string[] => [name, ...sizes.map((size) => of(size))];
  const rates = (size: Size): ReturnType<typeof ratesOf> => ratesOf(size.load);
  const network = (way: string) => (size: Size) => decimal((size.demand.network[way] ?? Number.NaN) / MB_PER_S);
  return toTable(
    ["users", ...SIZES.map((users) => users.toLocaleString("en"))],
    [
      row("connections at the peak", (size) => whole(rates(size).connections)),
      row("events/s at the peak", (size) => whole(rates(size).events)),
      row("delivered to sockets/s", (size) => whole(rates(size).live * size.load.devices)),
      row("held events/s", (size) => whole(rates(size).held)),
      row("**gateways**", ({ fleet }) => whole(fleet.gateways)),
      row("use of a gateway", ({ demand, fleet }) => share(usedCores(demand.gateway, fleet.gateways) / fleet.gateways)),
      row("connections of a gateway", (size) => whole(rates(size).connections / size.fleet.gateways)),
      row("memory of a gateway, MB", ({ demand, fleet }) => whole(demand.gatewayBytes / fleet.gateways / BYTES_OF_MB)),
      row("**Redis masters**", ({ fleet }) => whole(fleet.masters)),
      row("use of a master", ({ demand, fleet }) => share(usedCores(demand.redis, fleet.masters) / fleet.masters)),
      row("busiest master to the mean", ({ skew }) => decimal(skew)),
      row("of all masters' work, events and pushes", redisShare(["events", "pushes"])),
      row("head checks", redisShare(["head checks"])),
      row("sweeps, looks and held events", redisShare(["held", "looks", "couriers"])),
      row("gateways and idle", redisShare(["gateways", "idle"])),
      row("data in Redis, GB", ({ demand }) => decimal(sum(demand.redisBytes) / GB)),
      row("of it held, in the slots of the mailbox queues, GB", ({ demand }) =>
        decimal((demand.redisBytes["held"] ?? Number.NaN) / GB),
      ),
      row("memory of the busiest master, GB", ({ masterBytes }) => decimal(masterBytes / GB)),
      row("**couriers**", ({ fleet }) => whole(fleet.couriers)),
      row("publishers to Redis, MB/s", network("publishers to Redis")),
      row("Redis to gateways, MB/s", network("Redis to gateways")),
      row("append-only files, MB/s", network("append-only files")),
      row("gateways to clients, MB/s", network("gateways to clients")),
    ],
  );
}

/** Where the shape of the hub ends. */
export function limitsTable({ constants }: Pick<ConstantsFile, "constants">): string {
  const rows = limitsOf(constants, ASSUMED).map(({ what, value, of, why }) => [what, `${rounded(value)} ${of}`, why]);
  return toTable(["limit", "about", "why"], rows);
}

/** Measured and predicted side by side: medians, and errors that are judged by the median. */
export function comparisonTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ masters, what, unit, measured, predicted, errors, isWithin }) => [
    String(masters),
    unit === "" ? what : `${what}, ${unit}`,
    decimal(measured),
    decimal(predicted),
    signed(median(errors)),
    errors.map(signed).join(" "),
    isWithin ? "yes" : "**no**",
  ]);
  const head = ["masters", "figure", "measured", "predicted", "error, %", "each, %", `within ${MOST_PERCENT} %`];
  return toTable(head, rows);
}

function redisShare(parts: readonly string[]): (size: Size) => string {
  return ({ demand: { redis } }) =>
    share(parts.reduce((us, part) => us + (redis.parts[part] ?? 0), 0) / 1e6 / workCores(redis));
}

/** Two digits: more would promise too much. */
function rounded(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString("en");
}

function signed(value: number): string {
  return `${value < 0 ? "" : "+"}${value.toFixed(0)}`;
}

function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

function show(value: number, unit: string): string {
  if (unit === "bytes" && value > LARGE) return `${decimal(value / BYTES_OF_MB)} MB`;
  return `${decimal(value)} ${unit}`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function share(value: number): string {
  return `${Math.round(value * 100)} %`;
}

/** Three digits at the most. */
function decimal(value: number): string {
  if (Math.abs(value) >= 100) return whole(value);
  return String(Number(value.toPrecision(Math.abs(value) >= 10 ? 3 : 2)));
}
