import { describe, expect, it } from "@jest/globals";
import { planRuns } from "../src/bench.ts";
import { parseOptions } from "../src/option.ts";

describe("the plan", () => {
  const options = parseOptions(["--target", "doorstep", "--target", "socket-io-sharded", "--workload", "latency"]);

  it("gives each target its turn in each repetition, in an order that turns", () => {
    const runs = planRuns({ ...options, repetitions: 3 });
    expect(runs.map(({ target, repetition }) => `${repetition} ${target.name}`)).toEqual([
      "0 doorstep",
      "0 socket-io-sharded",
      "1 socket-io-sharded",
      "1 doorstep",
      "2 doorstep",
      "2 socket-io-sharded",
    ]);
  });

  it("has a soak once, and leaves out who takes no part unless somebody was named", () => {
    const workloads = options.workloads.map((workload) => ({
      ...workload,
      isSoak: true,
      takesPart: ({ keeps }: { keeps: string }) => keeps === "days",
    }));
    const plan = (areTargetsNamed: boolean) =>
      planRuns({ ...options, workloads, areTargetsNamed, repetitions: 3 }).map(({ target }) => target.name);
    expect(plan(false)).toEqual(["doorstep"]);
    expect(plan(true)).toEqual(["doorstep", "socket-io-sharded"]);
  });

  it("leaves out what a workload skips", () => {
    const workloads = options.workloads.map((workload) => ({
      ...workload,
      skips: ({ keeps }: { keeps: string }) => (keeps === "nothing" ? "it keeps nothing" : undefined),
    }));
    const runs = planRuns({ ...options, workloads, repetitions: 1 });
    expect(runs.map(({ target }) => target.name)).toEqual(["doorstep"]);
  });
});
