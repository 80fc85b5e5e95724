import { describe, expect, it } from "@jest/globals";
import { NEVER } from "@doorstep/testkit";
import type { RunResult } from "../src/result.ts";
import { toTable } from "../src/table.ts";

function result(target: string, repetition: number, p50: number, lost: number): RunResult {
  const figures = [
    { name: "latency p50", value: p50, unit: "ms" },
    { name: "lost", value: lost, unit: "", limit: NEVER },
  ];
  return { workload: "latency", target, repetition, figures, series: [] };
}

describe("a table", () => {
  const targets = ["doorstep", "socket-io-sharded"];

  it("has medians, ratios to the yardstick, and a mark where a limit is not kept", () => {
    const results = [
      ...[3, 1, 2].map((p50, repetition) => result("doorstep", repetition, p50, repetition === 1 ? 1 : 0)),
      ...[4, 4, 9].map((p50, repetition) => result("socket-io-sharded", repetition, p50, 0)),
    ];
    expect(toTable({ title: "Latency", targets, results }).split("\n")).toEqual([
      "## Latency",
      "",
      "| figure | doorstep | socket-io-sharded |",
      "|---|---|---|",
      "| latency p50, ms | 2 (0.50 x) | 4 |",
      "| lost | 0 **!** | 0 |",
      "",
    ]);
  });

  it("tells runs that failed", () => {
    const failed: RunResult = {
      workload: "latency",
      target: "doorstep",
      repetition: 0,
      figures: [],
      series: [],
      error: "no Redis",
    };
    const text = toTable({ title: "Latency", targets, results: [failed, result("socket-io-sharded", 0, 1, 0)] });
    expect(text).toContain("| latency p50, ms |  | 1 |");
    expect(text).toContain("- doorstep: no Redis");
  });
});
