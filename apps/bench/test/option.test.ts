import { describe, expect, it } from "@jest/globals";
import { helpText, parseOptions } from "../src/option.ts";
import { ABSENT, TARGETS } from "../src/targets.ts";
import { WORKLOADS } from "../src/workloads.ts";

describe("the options", () => {
  it("are everything, three times, in full size, without flags", () => {
    expect(parseOptions([])).toEqual({
      targets: TARGETS,
      workloads: WORKLOADS,
      areTargetsNamed: false,
      repetitions: 3,
      scale: 1,
      soakSeconds: 600,
      json: undefined,
      report: false,
    });
  });

  it("pick targets and workloads in the order given", () => {
    const args = ["--target", "socket-io-classic", "--target", "doorstep", "--workload", "maximum", "--scale", "0.1"];
    const { targets, workloads, scale } = parseOptions(args);
    expect(targets.map(({ name }) => name)).toEqual(["socket-io-classic", "doorstep"]);
    expect(workloads.map(({ name }) => name)).toEqual(["maximum"]);
    expect(scale).toBe(0.1);
  });

  it("shorten a soak with the scale, or as it is told", () => {
    expect(parseOptions(["--scale", "0.1"]).soakSeconds).toBe(60);
    expect(parseOptions(["--scale", "0.1", "--seconds", "20"])).toMatchObject({ soakSeconds: 20, scale: 0.1 });
  });

  it("name what is known where a name is not", () => {
    expect(() => parseOptions(["--target", "door"])).toThrow(/--target door: .*doorstep, socket-io-sharded/);
    expect(() => parseOptions(["--workload", "speed"])).toThrow(/--workload speed: .*latency/);
  });

  it.each([
    ["--repetitions", "0"],
    ["--repetitions", "1.5"],
    ["--scale", "0"],
    ["--scale", "2"],
    ["--scale", "much"],
    ["--seconds", "0"],
  ])("refuse %s %s", (name, value) => {
    expect(() => parseOptions([name, value])).toThrow(RangeError);
  });

  it("have targets and workloads with names of their own", () => {
    for (const all of [TARGETS, WORKLOADS]) expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });
});

it("names every option, workload and target in the help", () => {
  const help = helpText();
  for (const option of ["target", "workload", "repetitions", "scale", "seconds", "json", "report"]) {
    expect(help).toContain(`--${option}`);
  }
  for (const { name } of [...WORKLOADS, ...TARGETS, ...ABSENT]) expect(help).toContain(`\n  ${name} `);
});
