/** Results as `--json` writes them, made up. */
import type { Figure } from "@doorstep/testkit";
import type { BenchResult, RunResult, Series } from "../../../src/result.ts";

export function runOf(
  workload: string,
  target: string,
  figures: readonly Figure[],
  repetition = 0,
  series: readonly Series[] = [],
): RunResult {
  return { workload, target, repetition, figures, series };
}

export function resultOf(command: string, results: readonly RunResult[]): BenchResult {
  const machine = { cpu: "a processor", cores: 2, memoryGb: 8, system: "Linux 6.1" };
  const versions = { doorstep: "0.1.0", node: "v20.0.0", redis: "7.0.15" };
  return { machine, versions, command, startedAt: "2026-01-02T03:04:05.000Z", results };
}
