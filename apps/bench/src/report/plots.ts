/** The plots of the report: how late events are, what more gateways cost, memory over time. Each where there are figures. */
import { median } from "@doorstep/testkit";

import type { SessionRun } from "./merge.ts";
import { draw, type Line, linearTicks, logarithmicTicks, type Tick } from "./plot.ts";
import { orderTargets } from "./workload-table.ts";

type Points = readonly (readonly [x: number, y: number])[];

/** Shares of events, spread so that the last of a thousand has room. */
const SHARES: readonly Tick[] = [
  { at: 1, label: "0" },
  { at: 2, label: "50 %" },
  { at: 10, label: "90 %" },
  { at: 100, label: "99 %" },
  { at: 1_000, label: "99.9 %" },
  { at: 10_000, label: "99.99 %" },
];
const GATEWAYS = /^(all on one of )?(\d+) gateways?: gateway CPU per event$/;
const MEMORY = /^memory of /;

/** Draws all plots that there are figures for, by the name of their file. */
export function drawPlots(runs: readonly SessionRun[]): Map<string, string> {
  const plots: [string, string | undefined][] = [
    ["latency.svg", drawLatency(runs)],
    ["gateways.svg", drawGateways(runs)],
    ["memory.svg", drawMemory(runs)],
  ];
  return new Map(plots.flatMap(([name, svg]) => (svg === undefined ? [] : [[name, svg]])));
}

function drawLatency(runs: readonly SessionRun[]): string | undefined {
  const lines = linesOf(runs, "latency", (own) => {
    const all = own.flatMap(({ series }) => series.filter(({ name }) => name === "latency"));
    return average(all.map(({ points }) => points)).map(([ms, share]): [number, number] => [
      1 / (1 - share + 1e-9),
      ms,
    ]);
  });
  const values = lines.flatMap(({ points }) => points.map(([, ms]) => ms)).filter((ms) => ms > 0);
  if (values.length === 0) return undefined;
  const y = { label: "ms", ticks: logarithmicTicks(Math.min(...values), Math.max(...values)), isLogarithmic: true };
  const x = { label: "share of events that came as soon or sooner", ticks: SHARES, isLogarithmic: true };
  return draw({ title: "Latency at 1,000 events/s, all repetitions together", x, y, lines });
}

function drawGateways(runs: readonly SessionRun[]): string | undefined {
  const lines = orderTargets(runs.map(({ target }) => target)).flatMap((target): Line[] => {
    const own = runs.filter((run) => run.workload === "gateways" && run.target === target);
    const spread = costs(own, false);
    // One gateway is all on one of them, too.
    const onOne = [...spread.slice(0, 1), ...costs(own, true)];
    if (spread.length === 0) return [];
    return [
      { name: target, points: spread },
      { name: "all users on one", points: onOne, isDashed: true },
    ];
  });
  if (lines.length === 0) return undefined;
  const values = lines.flatMap(({ points }) => points);
  const x = {
    label: "gateways",
    ticks: [...new Set(values.map(([gateways]) => gateways))].toSorted((a, b) => a - b).map((at) => ({ at })),
  };
  const y = { label: "us", ticks: linearTicks(Math.max(...values.map(([, us]) => us))) };
  return draw({ title: "CPU of all gateways together, per delivered event", x, y, lines });
}

function drawMemory(runs: readonly SessionRun[]): string | undefined {
  const own = runs.filter(({ workload }) => workload === "soak");
  const first = own.find(({ series }) => series.some(({ name }) => MEMORY.test(name)));
  const lines = (first?.series ?? [])
    .filter(({ name }) => MEMORY.test(name))
    .map(({ name, points }): Line => ({ name: name.replace(MEMORY, ""), points }));
  const values = lines.flatMap(({ points }) => points);
  if (values.length === 0) return undefined;
  const x = { label: "s", ticks: linearTicks(Math.max(...values.map(([s]) => s))) };
  const y = { label: "MB", ticks: linearTicks(Math.max(...values.map(([, mb]) => mb))) };
  return draw({ title: `Memory over time, ${first?.target}`, x, y, lines });
}

/** A line for each target that has points. */
function linesOf(
  runs: readonly SessionRun[],
  workload: string,
  toPoints: (own: readonly SessionRun[]) => Points,
): Line[] {
  const own = runs.filter((run) => run.workload === workload);
  return orderTargets(own.map(({ target }) => target))
    .map((name) => ({ name, points: toPoints(own.filter(({ target }) => target === name)) }))
    .filter(({ points }) => points.length > 0);
}

/** Medians by number of gateways. */
function costs(runs: readonly SessionRun[], isOnOne: boolean): [gateways: number, us: number][] {
  const values = new Map<number, number[]>();
  for (const { name, value } of runs.flatMap(({ figures }) => figures)) {
    const [, onOne, gateways] = GATEWAYS.exec(name) ?? [];
    if (gateways === undefined || (onOne !== undefined) !== isOnOne) continue;
    const known = values.get(Number(gateways));
    if (known === undefined) values.set(Number(gateways), [value]);
    else known.push(value);
  }
  return [...values].map(([gateways, all]): [number, number] => [gateways, median(all)]).toSorted(([a], [b]) => a - b);
}

/** One cumulative distribution out of several that weigh the same. */
function average(distributions: readonly Points[]): Points {
  const places = distributions.map(() => 0);
  const at = [...new Set(distributions.flatMap((points) => points.map(([x]) => x)))].toSorted((a, b) => a - b);
  return at.map((x): [number, number] => {
    const shares = distributions.map((points, index) => {
      let place = places[index] ?? 0;
      while ((points[place]?.[0] ?? Infinity) <= x) place += 1;
      places[index] = place;
      return points[place - 1]?.[1] ?? 0;
    });
    return [x, shares.reduce((sum, share) => sum + share, 0) / shares.length];
  });
}
