/** What the benchmark has to show, and how each of it is read from the figures of a report. */
import { isReached, type Limit, median } from "@doorstep/testkit";

import { YARDSTICK } from "../targets.ts";
import type { Merged } from "./merge.ts";
import { formatNumber, formatSpread } from "./number.ts";

/** A sum of figures of one workload and target, or its ratio to another such sum. */
export interface Goal {
  readonly what: string;
  readonly workload: string;
  /** Summed up within each repetition. */
  readonly figures: readonly string[];
  /** What it is divided by. @default nothing */
  readonly to?: { readonly target: string; readonly figures: readonly string[] };
  readonly unit?: string;
  readonly limit: Limit;
}

export interface Reached {
  readonly goal: Goal;
  /** Why there is no value, or the value with its spread. */
  readonly measured: string;
  /** Undefined where it was not measured. */
  readonly isReached: boolean | undefined;
}

const OURS = "doorstep";
const LEDGER = ["lost", "duplicate", "out of order", "stranded"];
const CPU = "gateway CPU per event";
const BYTES = ["Redis bytes in per event", "Redis bytes out per event"];

export const GOALS: readonly Goal[] = [
  beside("latency p50 to sharded Socket.IO", "latency", "latency p50", atMost(1.4)),
  beside("latency p99 to sharded Socket.IO", "latency", "latency p99", atMost(1.5)),
  beside("gateway CPU per delivered event to sharded, 1,000 events/s", "latency", CPU, atMost(1)),
  beside("gateway CPU per delivered event to sharded, at the maximum", "maximum", CPU, atMost(1)),
  {
    what: "Redis CPU per event to the bare pair XADD + SPUBLISH, pipelined",
    workload: "redis-cost",
    figures: ["publish / pair: Redis CPU"],
    unit: "x",
    limit: atMost(3),
  },
  {
    what: "Redis CPU per event to the bare pair, in batches",
    workload: "redis-cost",
    figures: ["publishMany, 10 a user / pair: Redis CPU"],
    unit: "x",
    limit: atMost(1.8),
  },
  beside("Redis CPU per event to sharded, 1,000 events/s", "latency", "redis CPU per event", atMost(3)),
  beside("closed loop, delivered events/s to sharded", "maximum", "delivered", atLeast(0.9)),
  {
    what: "closed loop, delivered events/s to aedes QoS 1",
    workload: "maximum",
    figures: ["delivered"],
    to: { target: "aedes", figures: ["delivered"] },
    limit: atLeast(7),
  },
  beside("gateway CPU per event to sharded, 8 of each, users spread", "gateways", `8 gateways: ${CPU}`, atMost(1)),
  {
    what: "gateway CPU per event, 8 gateways and all users on one of them, to 1 gateway",
    workload: "gateways",
    figures: [`all on one of 8 gateways: ${CPU}`],
    to: { target: OURS, figures: [`1 gateway: ${CPU}`] },
    limit: atMost(1.1),
  },
  {
    what: "Redis bytes per event, 8 gateways to 1",
    workload: "gateways",
    figures: BYTES.map((name) => `8 gateways: ${name}`),
    to: { target: OURS, figures: BYTES.map((name) => `1 gateway: ${name}`) },
    limit: atMost(1.05),
  },
  beside("RSS per idle connection to sharded", "idle", "gateway RSS per idle connection", atMost(1.15)),
  beside("time of 10,000 connects to sharded", "idle", "all at once: connected after", atMost(1.5)),
  own("20,000 held events until the last is there", "offline", "many users: until the last event", atMost(1_000), "ms"),
  never("20,000 held events", "offline", "many users: "),
  never("gateway kill -9", "kill"),
  never("pub/sub connections cut", "cut"),
  never("redis-server kill -9", "redis-restart"),
  own(
    "slowest event after Redis is back",
    "redis-restart",
    "slowest event, from when Redis is back",
    atMost(1_100),
    "ms",
  ),
  own(
    "others' p99 beside a hot user to that without",
    "hot-user",
    "others: p99 beside it to p99 without it",
    atMost(2),
  ),
  own("5,000 clients, 20 events behind each, all caught up", "reconnect", "until the last event", atMost(5_000), "ms"),
  own("most memory of a gateway meanwhile", "reconnect", "most memory of a gateway", atMost(1_500), "MB"),
  own("soak: growth of the gateways' heap after warm-up", "soak", "gateway heap: growth", atMost(0.05)),
  own("soak: growth of the gateways' RSS after warm-up", "soak", "gateway RSS: growth", atMost(0.05)),
];

/** Looks up what a goal needs and judges it. */
export function judgeGoal(goal: Goal, merged: Merged): Reached {
  const { limit, to, unit = "" } = goal;
  const above = sums(goal.workload, OURS, goal.figures, merged);
  const below = to === undefined ? undefined : sums(goal.workload, to.target, to.figures, merged);
  if (above.length === 0) return { goal, measured: "not measured", isReached: undefined };
  if (below?.length === 0) return { goal, measured: `not measured for ${to?.target}`, isReached: undefined };
  // A ratio is that of the medians; its spread is that of repetitions, which had the same moment of the machine.
  const middle = median(above) / (below === undefined ? 1 : median(below));
  const values = below === undefined ? above : above.flatMap((value, index) => pair(value, below[index]));
  const judged = limit.by === "worst" || below === undefined ? values : [middle];
  const shown = limit.by === "worst" ? formatNumber(Math.max(...values)) : formatSpread(middle, values);
  const suffix = below === undefined ? unit : "x";
  return {
    goal,
    measured: suffix === "" ? shown : `${shown} ${suffix}`,
    isReached: isReached({ name: goal.what, unit, values: judged, limit }),
  };
}

/** Writes all goals as a table. */
export function toGoalTable(merged: Merged): string {
  const rows = GOALS.map((goal) => {
    const { measured, isReached: reached } = judgeGoal(goal, merged);
    const { kind, value } = goal.limit;
    const suffix = goal.to === undefined ? (goal.unit ?? "") : "x";
    const target = `${kind} ${formatNumber(value)} ${suffix}`.trim();
    return `| ${[goal.what, target, measured, reached === undefined ? "" : reached ? "yes" : "**no**"].join(" | ")} |`;
  });
  return ["| what | target | measured | reached |", "|---|---|---|---|", ...rows].join("\n");
}

/** The sum of the figures in each repetition that has them all. */
function sums(workload: string, target: string, names: readonly string[], { runs }: Merged): number[] {
  return runs
    .filter((run) => run.workload === workload && run.target === target)
    .map(({ figures }) => names.map((name) => figures.find((figure) => figure.name === name)?.value ?? Number.NaN))
    .map((values) => values.reduce((sum, value) => sum + value, 0))
    .filter((sum) => Number.isFinite(sum));
}

function pair(above: number, below: number | undefined): number[] {
  return below === undefined ? [] : [above / below];
}

function beside(what: string, workload: string, figure: string, limit: Limit): Goal {
  return { what, workload, figures: [figure], to: { target: YARDSTICK, figures: [figure] }, limit };
}

function own(what: string, workload: string, figure: string, limit: Limit, unit = ""): Goal {
  return { what, workload, figures: [figure], unit, limit };
}

/** Nothing lost, twice, out of order or stranded, in any repetition. */
function never(what: string, workload: string, prefix = ""): Goal {
  const limit: Limit = { kind: "at most", value: 0, by: "worst" };
  const figures = LEDGER.map((name) => prefix + name);
  return { what: `${what}: lost, duplicate, out of order and stranded together`, workload, figures, limit };
}

function atMost(value: number): Limit {
  return { kind: "at most", value };
}

function atLeast(value: number): Limit {
  return { kind: "at least", value };
}
