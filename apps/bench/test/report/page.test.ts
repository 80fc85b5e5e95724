import { describe, expect, it } from "@jest/globals";
import { NEVER } from "@doorstep/testkit";
import { merge } from "../../src/report/merge.ts";
import { writePage } from "../../src/report/page.ts";
import { resultOf, runOf } from "./support/result.ts";

const PAGE = [
  "# Benchmarks",
  "<!-- figures: written by the benchmark's report -->",
  "old figures",
  "<!-- end of figures -->",
  "## How",
].join("\n");

const ms = (value: number) => ({ name: "latency p50", value, unit: "ms" });
const lost = (value: number) => ({ name: "lost", value, unit: "", limit: NEVER });

describe("the page", () => {
  const result = resultOf("npm run bench -- --scale 0.1", [
    runOf("latency", "socket-io-sharded", [ms(2), { ...lost(5), limit: undefined } as never]),
    runOf("latency", "doorstep", [ms(1), lost(0)]),
    runOf("latency", "doorstep", [ms(3), lost(1)], 1),
    { ...runOf("kill", "doorstep", []), error: "no\n Redis" },
  ]);
  const page = writePage(PAGE, { merged: merge([result]), plots: new Set(["latency.svg"]) });

  it("keeps what people wrote and replaces the figures, the same each time", () => {
    expect(page.startsWith("# Benchmarks\n<!-- figures")).toBe(true);
    expect(page.endsWith("<!-- end of figures -->\n## How")).toBe(true);
    expect(page).not.toContain("old figures");
    expect(writePage(page, { merged: merge([result]), plots: new Set(["latency.svg"]) })).toBe(page);
  });

  it("has medians, spreads, ratios to the yardstick, limits and whether they are reached", () => {
    expect(page).toContain("| figure | doorstep | socket-io-sharded | limit, reached |");
    expect(page).toContain("| latency p50, ms | 3 (1–3) · 1.50 x | 2 |  |");
    expect(page).toContain("| lost | 1 (0–1) · 0.20 x | 5 | at most 0, **no** |");
  });

  it("has machine, versions, command and date, and says that it was a part", () => {
    for (const text of ["a processor, 2 cores, 8 GB, Linux 6.1", "redis 7.0.15", "2026-01-02T03:04:05.000Z"]) {
      expect(page).toContain(text);
    }
    expect(page).toContain("Not the full benchmark: session 1 had `--scale 0.1`.");
  });

  it("shows the plots that there are, and what failed", () => {
    expect(page).toContain("![how late events are, by target](benchmarks/latency.svg)");
    expect(page).toContain("- doorstep, repetition 1: no Redis");
  });

  it("says which columns were not measured side by side", () => {
    const later = resultOf("later", [runOf("latency", "aedes", [ms(9)])]);
    const text = writePage(PAGE, { merged: merge([result, later]), plots: new Set() });
    expect(text).toContain("Its columns were measured in sessions 1 and 2, not side by side.");
    expect(text).not.toContain("latency.svg");
    // The same machine and versions are told once.
    expect(text.split("a processor, 2 cores")).toHaveLength(2);
  });

  it("refuses a page without a place for figures", () => {
    expect(() => writePage("# Benchmarks", { merged: merge([]), plots: new Set() })).toThrow("no place for figures");
  });
});
