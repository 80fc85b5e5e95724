import { describe, expect, it } from "@jest/globals";
import { type Figure } from "@doorstep/testkit";
import { runOne } from "../../src/bench.ts";
import { TARGETS } from "../../src/targets.ts";
import { WORKLOADS } from "../../src/workloads.ts";

async function run(workloadName: string, targetName: string): Promise<Map<string, number>> {
  const workload = WORKLOADS.find(({ name }) => name === workloadName);
  const target = TARGETS.find(({ name }) => name === targetName);
  if (workload === undefined || target === undefined) throw new Error("there is no such run");
  const { figures, error } = await runOne(
    { workload, target, repetition: 0 },
    { scale: 0.02, soakSeconds: 1 },
    () => undefined,
  );
  expect(error).toBeUndefined();
  return new Map(figures.map(({ name, value }: Figure) => [name, value]));
}

const PATIENCE_MS = 60_000;

describe("a workload of troubles", () => {
  it(
    "finds nothing lost, twice, out of order or stranded where a gateway of Doorstep is killed",
    async () => {
      const figures = await run("kill", "doorstep");
      for (const name of ["lost", "duplicate", "out of order", "stranded"])
        expect([name, figures.get(name)]).toEqual([name, 0]);
      expect(figures.get("handshakes refused, connections broken")).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );

  it(
    "finds what plain Socket.IO loses then",
    async () => {
      const figures = await run("kill", "socket-io-sharded");
      expect(figures.get("lost")).toBeGreaterThan(0);
      expect(figures.get("duplicate")).toBe(0);
    },
    PATIENCE_MS,
  );
});
