import { readFile } from "node:fs/promises";
import { describe, expect, it } from "@jest/globals";
import { measureGate } from "../src/gate/measure.ts";
import { type Accepted, judgeGate, toAccepted, toGateTable, toMessage } from "../src/gate.ts";

const TIMEOUT_MS = 90_000;

async function readAccepted(): Promise<Accepted> {
  return JSON.parse(await readFile(new URL("../gate.json", import.meta.url), "utf8")) as Accepted;
}

describe("the gate", () => {
  it(
    "is passed by what an event costs now, and P9 by four gateways beside one",
    async () => {
      const problems = judgeGate(await measureGate(), await readAccepted());
      if (problems.length > 0) throw new Error(toMessage(problems));
    },
    TIMEOUT_MS,
  );

  const figures = [
    { name: "commands per event", value: 6.0401, unit: "" },
    { name: "4 gateways to 1", value: 1.02, unit: "x", limit: { kind: "at most", value: 1.05 } as const },
  ];

  it("lets a tenth pass, and tells what grew, by how much, and how to accept it", () => {
    expect(judgeGate(figures, { "commands per event": 5.5 })).toEqual([]);
    const problems = judgeGate(figures, { "commands per event": 5 });
    expect(problems).toEqual(["commands per event: 6.04 where 5 was accepted, +20.8 % (up to +10.0 % passes)"]);
    expect(toMessage(problems)).toContain("npm run bench -- --gate --accept");
  });

  it("tells a figure that nobody accepted, one that is gone, and one that could not be measured", () => {
    expect(judgeGate(figures, { "frames per event": 1 })).toEqual([
      "commands per event: 6.04, which nobody accepted yet",
      "frames per event: is accepted but not measured any more",
    ]);
    const unmeasured = figures.map((figure) => ({ ...figure, value: Number.NaN }));
    expect(judgeGate(unmeasured, { "commands per event": 6 })).toHaveLength(2);
  });

  it("keeps what has a limit of its own out of what can be accepted", () => {
    expect(toAccepted(figures)).toEqual({ "commands per event": 6.04 });
    const grown = figures.map((figure) => ({ ...figure, value: 4 }));
    expect(judgeGate(grown, toAccepted(grown))).toEqual(["4 gateways to 1: 4 where at most 1.05 is promised"]);
  });

  it("shows each figure beside what was accepted", () => {
    expect(toGateTable(figures, { "commands per event": 5 }).split("\n")).toEqual([
      "| figure | measured | accepted | change |",
      "|---|---|---|---|",
      "| commands per event | 6.04 | 5 | +20.8 % |",
      "| 4 gateways to 1, x | 1.02 | at most 1.05 |  |",
    ]);
  });
});
