/**
 * Metrics: each program declares one table, a row per metric, and gets typed prom-client instruments under its keys:
 *
 *   const METRICS = {
 *     gaps: { name: "doorstep_gaps_total", type: "counter", help: "Gaps told to sockets.", labels: ["reason"] },
 *   } as const satisfies MetricTable;
 *   const metrics = defineMetrics(registry, METRICS);
 *   metrics.gaps.inc({ reason: "trimmed" });
 *
 * Labels are closed sets (a reason, a code, a cause), never ids: each value is a series that is kept for good.
 */

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

export type { Registry };

interface Row {
  /** One sentence that says what is counted. */
  readonly help: string;
  /** Label names. @default none */
  readonly labels?: readonly string[];
}

interface CounterRow extends Row {
  readonly type: "counter";
  readonly name: `doorstep_${string}_total`;
}

interface GaugeRow extends Row {
  readonly type: "gauge";
  readonly name: `doorstep_${string}`;
}

interface HistogramRow extends Row {
  readonly type: "histogram";
  readonly name: `doorstep_${string}`;
  /** Upper bounds in the unit of the name. */
  readonly buckets: readonly number[];
}

export type MetricRow = CounterRow | GaugeRow | HistogramRow;
export type MetricTable = Readonly<Record<string, MetricRow>>;

type LabelsOf<R extends MetricRow> = R extends { labels: readonly (infer L extends string)[] } ? L : never;
type Instrument<R extends MetricRow> = R extends CounterRow
  ? Counter<LabelsOf<R>>
  : R extends GaugeRow
    ? Gauge<LabelsOf<R>>
    : Histogram<LabelsOf<R>>;

/** The instruments of a table, under its keys. */
export type Metrics<T extends MetricTable> = { readonly [K in keyof T]: Instrument<T[K]> };

/** Bounds for latencies, in seconds: 1 ms to 10 s. */
export const LATENCY_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** What prom-client takes from a histogram of the event loop's delays, which wakes an idle process for each of its samples. */
const SAMPLED_LAG = ["min", "max", "mean", "stddev", "p50", "p90", "p99"] as const;
const NEVER_MS = 2 ** 31 - 1;

/**
 * Creates a registry that has the metrics of the process (`process_...`, `nodejs_...`) already. For the sampled delays of
 * the event loop it has `nodejs_eventloop_utilization`, which costs nothing until somebody reads it.
 */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER_MS });
  for (const name of SAMPLED_LAG) registry.removeSingleMetric(`nodejs_eventloop_lag_${name}_seconds`);
  let last = performance.eventLoopUtilization();
  const utilization = new Gauge({
    name: "nodejs_eventloop_utilization",
    help: "Share of the time since the last reading in which the event loop was busy, 0 to 1.",
    registers: [],
    collect() {
      const now = performance.eventLoopUtilization();
      this.set(performance.eventLoopUtilization(now, last).utilization);
      last = now;
    },
  });
  registry.registerMetric(utilization);
  return registry;
}

/** Creates and registers the instruments of a table. Throws if a name is taken in this registry. */
export function defineMetrics<const T extends MetricTable>(registry: Registry, table: T): Metrics<T> {
  const instruments = Object.entries(table).map(([key, row]) => [key, createInstrument(registry, row)]);
  return Object.fromEntries(instruments) as Metrics<T>;
}

function createInstrument(registry: Registry, row: MetricRow) {
  const options = { name: row.name, help: row.help, labelNames: [...(row.labels ?? [])], registers: [registry] };
  if (row.type === "counter") return new Counter(options);
  if (row.type === "gauge") return new Gauge(options);
  return new Histogram({ ...options, buckets: [...row.buckets] });
}

/** Has `set` called before each reading of a metric. prom-client's types know that as an option of its constructor only. */
export function beforeReading(metric: object, set: () => void): void {
  Object.assign(metric, { collect: set });
}

/** A metric as the docs list it. */
export interface MetricDescription {
  readonly name: string;
  readonly type: MetricRow["type"];
  readonly labels: readonly string[];
  readonly help: string;
}

/** Lists a table's metrics in its order. */
export function metricRows(table: MetricTable): MetricDescription[] {
  return Object.values(table).map(({ name, type, labels = [], help }) => ({ name, type, labels, help }));
}
