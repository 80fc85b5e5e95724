import { describe, expect, it } from "@jest/globals";

import { createRegistry, defineMetrics, LATENCY_BUCKETS_S, metricRows } from "../src/metrics.ts";
import type { MetricTable } from "../src/metrics.ts";

const TABLE = {
  gaps: { name: "doorstep_gaps_total", type: "counter", help: "Gaps.", labels: ["reason"] },
  connections: { name: "doorstep_connections", type: "gauge", help: "Sockets." },
  publishToWrite: {
    name: "doorstep_publish_to_write_seconds",
    type: "histogram",
    help: "From append to write.",
    buckets: LATENCY_BUCKETS_S,
  },
} as const satisfies MetricTable;

describe("defineMetrics", () => {
  it("gives an instrument per row, seen in the registry's text", async () => {
    const registry = createRegistry();
    const metrics = defineMetrics(registry, TABLE);
    metrics.gaps.inc({ reason: "trimmed" }, 2);
    metrics.connections.set(7);
    metrics.publishToWrite.observe(0.003);
    const text = await registry.metrics();
    expect(text).toContain('doorstep_gaps_total{reason="trimmed"} 2');
    expect(text).toContain("doorstep_connections 7");
    expect(text).toContain('doorstep_publish_to_write_seconds_bucket{le="0.0025"} 0');
    expect(text).toContain('doorstep_publish_to_write_seconds_bucket{le="0.005"} 1');
    expect(text).toContain("# HELP doorstep_gaps_total Gaps.");
  });

  it("types the labels of each row", () => {
    const metrics = defineMetrics(createRegistry(), TABLE);
    // @ts-expect-error: `cause` is no label of this metric
    expect(() => metrics.gaps.inc({ cause: "trimmed" })).toThrow(/cause/);
  });

  it("refuses a name twice in one registry", () => {
    const registry = createRegistry();
    defineMetrics(registry, TABLE);
    expect(() => defineMetrics(registry, TABLE)).toThrow(/already been registered/);
  });

  it("keeps the registries of two programs in one process apart", async () => {
    const [one, other] = [createRegistry(), createRegistry()];
    defineMetrics(one, TABLE).connections.set(1);
    defineMetrics(other, TABLE);
    expect(await other.metrics()).toContain("doorstep_connections 0");
  });
});

describe("createRegistry", () => {
  it("has the metrics of the process", async () => {
    const text = await createRegistry().metrics();
    expect(text).toMatch(/^process_resident_memory_bytes \d/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_seconds /m);
  });

  it("tells which share of the time the event loop was busy, since the last reading", async () => {
    const registry = createRegistry();
    await registry.metrics();
    for (const endMs = performance.now() + 50; performance.now() < endMs;);
    const [, busy] = /^nodejs_eventloop_utilization (\S+)$/m.exec(await registry.metrics()) ?? [];
    expect(Number(busy)).toBeGreaterThan(0.5);
    expect(Number(busy)).toBeLessThanOrEqual(1);
  });
});

describe("metricRows", () => {
  it("lists what the docs say of each metric", () => {
    expect(metricRows(TABLE)).toEqual([
      { name: "doorstep_gaps_total", type: "counter", labels: ["reason"], help: "Gaps." },
      { name: "doorstep_connections", type: "gauge", labels: [], help: "Sockets." },
      { name: "doorstep_publish_to_write_seconds", type: "histogram", labels: [], help: "From append to write." },
    ]);
  });
});
