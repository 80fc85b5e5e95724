/** Alerts and the dashboard ask for metrics and labels that the programs have; each check is seen to bite. */
import { describe, expect, it } from "@jest/globals";
import { metricRows } from "@doorstep/runtime";
import { METRICS as courier } from "../../apps/courier/src/metric.ts";
import { METRICS as gateway } from "../../apps/gateway/src/metric.ts";
import { failing, look, lookList, lookText, readText, readYaml, type Tree } from "./support/document.ts";

const ROWS = new Map([...metricRows(gateway), ...metricRows(courier)].map((row) => [row.name, row]));

/** The metric behind the name of a series; histograms have three series each. */
function rowOf(series: string) {
  const histogram = ROWS.get(series.replace(/_(?:bucket|sum|count)$/, ""));
  return ROWS.get(series) ?? (histogram?.type === "histogram" ? histogram : undefined);
}

/** What is wrong with one series of a query: the function it stands in, its name, filter and range. */
function seriesProblems([, call = "", name = "", filter = "", range]: RegExpMatchArray): string[] {
  const row = rowOf(name);
  if (row === undefined) return [`there is no ${name}`];
  const strange = [...filter.matchAll(/(\w+)\s*(?:=~|!=|!~|=)/g)].filter(
    ([, label = ""]) => !row.labels.includes(label),
  );
  const isRate = range !== undefined && /^(?:rate|increase)\($/.test(call);
  return failing([
    [strange.length === 0, `${name} has no label ${strange[0]?.[1]}`],
    [row.type !== "counter" || isRate, `${name} is a counter`],
    [row.type !== "gauge" || !isRate, `${name} is a gauge`],
  ]);
}

/** What a query asks for that no program has, and values that tell nothing. */
function queryProblems(query: string): string[] {
  const series = [...query.matchAll(/(\w+\()?(doorstep_\w+)(?:\{([^}]*)\})?(\[)?/g)];
  const known = new Set(series.flatMap(([, , name = ""]) => rowOf(name)?.labels ?? []));
  const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap((match) => (match[1] ?? "").split(/, */));
  return failing([[series.length > 0, `${query}: asks for nothing of ours`]]).concat(
    series.flatMap(seriesProblems),
    grouped.filter((label) => !known.has(label)).map((label) => `nothing is grouped by ${label}`),
  );
}

const rules = readYaml("infra/prometheus/alert.yaml").flatMap((document) =>
  lookList(document, "groups").flatMap((group) => lookList(group, "rules")),
);
const dashboard = JSON.parse(readText("infra/grafana/doorstep.json")) as Tree;
const panels = lookList(dashboard, "panels").filter((panel) => look(panel, "type") !== "row");

describe("alerts", () => {
  it("ask for metrics that there are, and say what is wrong and how bad it is", () => {
    expect(rules.flatMap((rule) => queryProblems(lookText(rule, "expr")))).toEqual([]);
    const told = rules.filter((rule) => lookText(rule, "annotations", "summary").length > 20);
    expect(told).toHaveLength(rules.length);
    const severities = rules.map((rule) => lookText(rule, "labels", "severity"));
    expect(severities.filter((severity) => !["critical", "warning", "info"].includes(severity))).toEqual([]);
    expect(new Set(rules.map((rule) => lookText(rule, "alert"))).size).toBe(rules.length);
  });
});

describe("the dashboard", () => {
  it("asks for metrics that there are, one panel beside the other", () => {
    const queries = panels.flatMap((panel) => lookList(panel, "targets").map((target) => lookText(target, "expr")));
    expect(queries.length).toBeGreaterThan(10);
    expect(queries.flatMap(queryProblems)).toEqual([]);
    const places = panels.map((panel) => `${lookText(panel, "gridPos", "x")} ${lookText(panel, "gridPos", "y")}`);
    expect(new Set(places).size).toBe(panels.length);
    expect(new Set(lookList(dashboard, "panels").map((panel) => look(panel, "id"))).size).toBe(
      lookList(dashboard, "panels").length,
    );
  });

  it("shows every gauge of what waits", () => {
    const text = JSON.stringify(panels);
    const gauges = metricRows(courier).filter(({ type }) => type === "gauge");
    expect(gauges.map(({ name }) => name).filter((name) => !text.includes(name))).toEqual([]);
  });
});

describe("the check of queries", () => {
  it.each([
    ["max(doorstep_sweep_lags_seconds) > 1", "there is no doorstep_sweep_lags_seconds"],
    ["rate(doorstep_sweep_lag_seconds[5m])", "doorstep_sweep_lag_seconds is a gauge"],
    ["doorstep_escalations_total > 1", "doorstep_escalations_total is a counter"],
    ['rate(doorstep_escalations_total{code=~"a|b"}[5m])', "doorstep_escalations_total has no label code"],
    ["sum by (user) (rate(doorstep_escalations_total[5m]))", "nothing is grouped by user"],
    ["up == 0", "up == 0: asks for nothing of ours"],
    ["max(doorstep_parcels_bucket)", "there is no doorstep_parcels_bucket"],
  ])("finds what is wrong with %s", (query, problem) => {
    expect(queryProblems(query)).toEqual([problem]);
  });

  it("takes the series of a histogram", () => {
    expect(queryProblems("rate(doorstep_sweep_duration_seconds_bucket[5m])")).toEqual([]);
  });
});
