import { describe, expect, it } from "@jest/globals";
import { merge } from "../../src/report/merge.ts";
import { drawPlots } from "../../src/report/plots.ts";
import { draw, linearTicks, logarithmicTicks } from "../../src/report/plot.ts";
import { resultOf, runOf } from "./support/result.ts";

function plotsOf(...runs: Parameters<typeof runOf>[]): Map<string, string> {
  return drawPlots(
    merge([
      resultOf(
        "all",
        runs.map((run) => runOf(...run)),
      ),
    ]).runs,
  );
}

function linesOf(svg = ""): string[] {
  return [...svg.matchAll(/<polyline[^>]*points="([^"]*)"/g)].map(([, points = ""]) => points);
}

describe("a plot", () => {
  it("puts points between the ends of its axes, and those beyond at the ends", () => {
    const axis = { label: "ms & more", ticks: [{ at: 0 }, { at: 10 }] };
    const svg = draw({
      title: "a < b",
      x: axis,
      y: axis,
      lines: [
        {
          name: "one",
          points: [
            [0, 0],
            [5, 10],
            [99, 99],
          ],
        },
      ],
    });
    expect(linesOf(svg)).toEqual(["64,276 302,32 540,32"]);
    expect(svg).toContain("a &lt; b");
    expect(svg).toContain("ms &amp; more");
  });

  it.each([
    [0.9, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [8, [0, 2, 4, 6, 8]],
    [1_234, [0, 250, 500, 750, 1_000, 1_250]],
  ])("has round ticks up to %d", (most, ticks) => {
    expect(linearTicks(most).map(({ at }) => at)).toEqual(ticks);
  });

  it("has powers of ten on a logarithmic axis", () => {
    expect(logarithmicTicks(0.3, 40).map(({ at }) => at)).toEqual([0.1, 1, 10, 100]);
    expect(logarithmicTicks(1, 1).map(({ at }) => at)).toEqual([1, 10]);
  });
});

describe("the plots of a report", () => {
  const latency = (...points: [number, number][]) => [{ name: "latency", x: "latency, ms", y: "share", points }];

  it("have the distribution of latency of all repetitions together, a line for each target", () => {
    const svg = plotsOf(
      ["latency", "doorstep", [], 0, latency([1, 0.5], [10, 1])],
      ["latency", "doorstep", [], 1, latency([1, 1])],
      ["latency", "socket-io-sharded", [], 0, latency([1, 1])],
    ).get("latency.svg");
    const [ours = "", theirs = ""] = linesOf(svg);
    // Three of four within a millisecond, the last one at the end of the axis.
    expect(ours.split(" ")).toHaveLength(2);
    expect(theirs.split(" ")).toHaveLength(1);
    expect(ours.split(" ")[1]).toMatch(/^540,/);
    expect(svg).toContain(">socket-io-sharded<");
  });

  it("have the cost against the number of gateways, spread and all on one", () => {
    const cost = (name: string, value: number) => ({ name: `${name}: gateway CPU per event`, value, unit: "us" });
    const figures = [cost("1 gateway", 100), cost("8 gateways", 200), cost("all on one of 8 gateways", 100)];
    const lines = linesOf(plotsOf(["gateways", "doorstep", figures]).get("gateways.svg"));
    expect(lines).toEqual(["64,154 540,32", "64,154 540,154"]);
  });

  it("have memory over time", () => {
    const series = [
      {
        name: "memory of gateway RSS",
        x: "time, s",
        y: "MB",
        points: [
          [0, 50],
          [10, 100],
        ] as [number, number][],
      },
    ];
    const svg = plotsOf(["soak", "doorstep", [], 0, series]).get("memory.svg");
    expect(linesOf(svg)).toEqual(["64,154 540,32"]);
    expect(svg).toContain(">gateway RSS<");
  });

  it("are left out where there are no figures", () => {
    expect(plotsOf(["latency", "doorstep", []])).toEqual(new Map());
  });
});
