/** The figures that every measurement has: what was delivered, how late, and what it cost. Names are the same everywhere. */
import { type Figure, NEVER } from "@doorstep/testkit";

import type { TallyReport } from "./client/tally.ts";
import { Histogram } from "./histogram.ts";
import type { LoadReport } from "./publisher/press.ts";
import type { Series } from "./result.ts";
import type { Measurement } from "./stage.ts";
import type { Usage } from "./usage.ts";

const US_PER_MS = 1_000;
const US_PER_S = 1e6;

/** What a ledger's figures are made of. */
export interface LedgerCounts {
  readonly load: Pick<LoadReport, "published" | "failed">;
  readonly tally: Pick<TallyReport, "distinct" | "duplicates" | "outOfOrder" | "stranded">;
}

/** Lost, duplicate, out of order, stranded. They have a limit where the target promises them never to be. */
export function ledgerFigures({ load, tally }: LedgerCounts, isPromised: boolean): Figure[] {
  const figure = (name: string, value: number): Figure => ({
    name,
    value,
    unit: "",
    ...(isPromised ? { limit: NEVER } : {}),
  });
  return [
    figure("lost", load.published - load.failed - tally.distinct),
    figure("duplicate", tally.duplicates),
    figure("out of order", tally.outOfOrder),
    figure("stranded", tally.stranded),
  ];
}

export function latencyFigures({ load, tally }: Pick<Measurement, "load" | "tally">): Figure[] {
  const latency = Histogram.from(tally.latency);
  const figure = (name: string, us: number): Figure => ({ name, value: us / US_PER_MS, unit: "ms" });
  return [
    figure("latency p50", latency.quantile(0.5)),
    figure("latency p99", latency.quantile(0.99)),
    figure("latency p99.9", latency.quantile(0.999)),
    figure("published late, p99", load.lateP99Us),
  ];
}

/** The distribution of latency, to be plotted. */
export function latencySeries({ tally }: Pick<Measurement, "tally">): Series {
  const points = Histogram.from(tally.latency).points();
  return {
    name: "latency",
    x: "latency, ms",
    y: "share of events",
    points: points.map(({ us, share }) => [us / US_PER_MS, share]),
  };
}

/** CPU per delivered event by role, Redis' commands and bytes, frames. */
export function costFigures({ tally, usage }: Pick<Measurement, "tally" | "usage">): Figure[] {
  const { distinct, frames } = tally;
  const { commands, bytesIn, bytesOut } = usage.redis;
  return [
    ...cpuFigures(usage, distinct),
    { name: "Redis commands per event", value: commands / distinct, unit: "" },
    { name: "Redis bytes in per event", value: bytesIn / distinct, unit: "bytes" },
    { name: "Redis bytes out per event", value: bytesOut / distinct, unit: "bytes" },
    { name: "frames per event", value: frames / distinct, unit: "" },
  ];
}

export function cpuFigures({ cpuS }: Usage, events: number): Figure[] {
  return Object.entries(cpuS).map(([role, seconds]) => ({
    name: `${role} CPU per event`,
    value: (seconds * US_PER_S) / events,
    unit: "us",
  }));
}

/** The same figure, with a name that says what it is of. */
export function figureOf(what: string, figure: Figure): Figure {
  return { ...figure, name: `${what}: ${figure.name}` };
}

/** The same figures, said of a part of the workload. */
export function named(figures: readonly Figure[], what: string): Figure[] {
  return figures.map((figure) => ({ ...figure, name: `${what}: ${figure.name}` }));
}
