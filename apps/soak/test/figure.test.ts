import { describe, expect, it } from "@jest/globals";
import type { Operation } from "@doorstep/testkit";
import { measure } from "../src/figure.ts";
import { plotLag } from "../src/plot.ts";

const USER = { userId: "anna" };

function published(id: string, atMs: number): Operation {
  const [publisher = "", n] = id.split(".");
  return { op: "publish", phase: "ok", publisher, n: Number(n), ...USER, id, delivery: "durable", atMs, offset: "1-0" };
}

function applied(device: string, id: string, atMs: number): Operation {
  const [publisher = "", n] = id.split(".");
  const event = { id, forUser: "anna", publisher, n: Number(n), replayed: false };
  return { op: "applied", device, ...USER, life: 1, ...event, atMs };
}

describe("the figures of a run", () => {
  const history: Operation[] = [
    { op: "connected", device: "phone", ...USER, life: 1, atMs: 1_000 },
    { op: "connected", device: "tab", ...USER, life: 1, atMs: 1_000 },
    published("p.1", 1_100),
    applied("phone", "p.1", 1_130),
    applied("tab", "p.1", 1_150),
    { op: "disconnected", device: "tab", ...USER, life: 1, wanted: true, atMs: 1_200 },
    { op: "fault", name: "x", phase: "begin", atMs: 2_000 },
    published("p.2", 2_100),
    { op: "disconnected", device: "phone", ...USER, life: 1, atMs: 2_200 },
    { op: "fault", name: "x", phase: "healed", atMs: 4_000 },
    { op: "connected", device: "phone", ...USER, life: 2, atMs: 4_050 },
    applied("phone", "p.2", 4_090),
    { op: "connected", device: "tab", ...USER, life: 2, atMs: 6_000 },
    applied("tab", "p.2", 6_020),
  ];

  it("count what was published and delivered, and how late, but for absences that were wanted", () => {
    const figures = measure(history);
    expect(figures).toMatchObject({ events: 2, deliveries: 4, gaps: 0, worstLagMs: 1_990 });
    expect(figures.lag).toEqual([
      { atS: 0, lagMs: 50 },
      { atS: 3, lagMs: 1_990 },
      { atS: 5, lagMs: 20 },
    ]);
  });

  it("measure recovery from the heal to the last device that was on", () => {
    const figures = measure(history);
    expect(figures.recoveryMs).toBe(90);
    expect(figures.spans).toEqual([{ fromS: 1, toS: 3 }]);
  });

  it("make a plot with the fault marked", () => {
    const svg = plotLag("x", measure(history));
    expect(svg.match(/class="fault"/g)).toHaveLength(1);
    expect(svg.match(/points="([^"]*)"/)?.[1]?.split(" ")).toHaveLength(3);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });
});
