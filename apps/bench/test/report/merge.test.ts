import { describe, expect, it } from "@jest/globals";
import { merge } from "../../src/report/merge.ts";
import { resultOf, runOf } from "./support/result.ts";

const valueOf = (name: string, value: number) => ({ name, value, unit: "ms" });

describe("results of several files", () => {
  const whole = resultOf("all", [
    runOf("latency", "doorstep", [valueOf("latency p50", 1)]),
    runOf("latency", "socket-io-sharded", [valueOf("latency p50", 2)]),
    runOf("kill", "doorstep", [valueOf("lost", 0)]),
  ]);

  it("add up, and each run knows the session that it comes from", () => {
    const { sessions, runs } = merge([whole, resultOf("soak", [runOf("soak", "doorstep", [])])]);
    expect(sessions.map(({ command }) => command)).toEqual(["all", "soak"]);
    expect(runs.map(({ workload, session }) => `${workload} ${session}`)).toEqual([
      "latency 0",
      "latency 0",
      "kill 0",
      "soak 1",
    ]);
  });

  it("let a later one win for the same workload and target, with all of its repetitions", () => {
    const again = resultOf("again", [
      runOf("latency", "doorstep", [valueOf("latency p50", 3)]),
      runOf("latency", "doorstep", [valueOf("latency p50", 4)], 1),
    ]);
    const { runs } = merge([whole, again]);
    const values = runs
      .filter(({ workload }) => workload === "latency")
      .map(({ target, session, figures }) => [target, session, figures[0]?.value]);
    expect(values).toEqual([
      ["socket-io-sharded", 0, 2],
      ["doorstep", 1, 3],
      ["doorstep", 1, 4],
    ]);
  });

  it("forget a session of which nothing is left", () => {
    const { sessions, runs } = merge([resultOf("old", [runOf("latency", "doorstep", [])]), whole]);
    expect(sessions.map(({ command }) => command)).toEqual(["all"]);
    expect(runs.every(({ session }) => session === 0)).toBe(true);
  });
});
