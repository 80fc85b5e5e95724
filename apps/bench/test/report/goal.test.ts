import { describe, expect, it } from "@jest/globals";
import type { Figure } from "@doorstep/testkit";
import { GOALS, judgeGoal, toGoalTable } from "../../src/report/goal.ts";
import { merge } from "../../src/report/merge.ts";
import { WORKLOADS } from "../../src/workloads.ts";
import { resultOf, runOf } from "./support/result.ts";

const figure = (name: string, value: number): Figure => ({ name, value, unit: "" });

function judge(what: string, ...runs: Parameters<typeof runOf>[]): [measured: string, isReached: boolean | undefined] {
  const goal = GOALS.find((one) => one.what === what);
  if (goal === undefined) throw new Error(`no goal is called ${what}`);
  const merged = merge([
    resultOf(
      "all",
      runs.map((run) => runOf(...run)),
    ),
  ]);
  const { measured, isReached } = judgeGoal(goal, merged);
  return [measured, isReached];
}

describe("a goal", () => {
  const p50 = "latency p50 to sharded Socket.IO";

  it("is a ratio of medians, with the spread of repetitions", () => {
    const runs = [1, 2, 9].flatMap((value, repetition): Parameters<typeof runOf>[] => [
      ["latency", "doorstep", [figure("latency p50", value)], repetition],
      ["latency", "socket-io-sharded", [figure("latency p50", 2)], repetition],
    ]);
    expect(judge(p50, ...runs)).toEqual(["1 (0.5–4.5) x", true]);
  });

  it("is not reached by a value beyond it", () => {
    const ours = figure("latency p50", 3);
    const theirs = figure("latency p50", 2);
    expect(judge(p50, ["latency", "doorstep", [ours]], ["latency", "socket-io-sharded", [theirs]])).toEqual([
      "1.5 x",
      false,
    ]);
  });

  it("says what was not measured, and judges nothing then", () => {
    expect(judge(p50)).toEqual(["not measured", undefined]);
    expect(judge(p50, ["latency", "doorstep", [figure("latency p50", 1)]])).toEqual([
      "not measured for socket-io-sharded",
      undefined,
    ]);
  });

  it("that forbids losses is judged by the worst repetition, all kinds of it together", () => {
    const kill = (repetition: number, lost: number, stranded: number): Parameters<typeof runOf> => [
      "kill",
      "doorstep",
      [figure("lost", lost), figure("duplicate", 0), figure("out of order", 0), figure("stranded", stranded)],
      repetition,
    ];
    const what = "gateway kill -9: lost, duplicate, out of order and stranded together";
    expect(judge(what, kill(0, 0, 0), kill(1, 0, 0))).toEqual(["0", true]);
    expect(judge(what, kill(0, 0, 0), kill(1, 1, 2), kill(2, 0, 0))).toEqual(["3", false]);
  });

  it("that adds figures up leaves out repetitions without one of them", () => {
    const what = "Redis bytes per event, 8 gateways to 1";
    const figures = ["1 gateway", "8 gateways"].flatMap((of) => [
      figure(`${of}: Redis bytes in per event`, 800),
      figure(`${of}: Redis bytes out per event`, of === "1 gateway" ? 200 : 300),
    ]);
    expect(judge(what, ["gateways", "doorstep", figures], ["gateways", "doorstep", figures.slice(1), 1])).toEqual([
      "1.1 x",
      false,
    ]);
  });

  it("belongs to a workload that there is, and has a row", () => {
    const known = new Set([...WORKLOADS.map(({ name }) => name), "redis-cost"]);
    expect(GOALS.filter(({ workload }) => !known.has(workload))).toEqual([]);
    const rows = toGoalTable({ sessions: [], runs: [] }).split("\n").slice(2);
    expect(rows).toHaveLength(GOALS.length);
    expect(rows[0]).toBe("| latency p50 to sharded Socket.IO | at most 1.4 x | not measured |  |");
  });
});
