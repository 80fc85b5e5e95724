import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { describeConfig, metricRows } from "@doorstep/runtime";
import { configSchema } from "../src/config.ts";
import { METRICS } from "../src/metric.ts";

/** The rows of the courier's table on a page of docs/reference, cell by cell. */
function documented(page: string): string[][] {
  const text = readFileSync(join(__dirname, "../../../docs/reference", page), "utf8");
  const [, section = ""] = text.split("\n## Courier\n");
  const rows = (section.split("\n## ")[0] ?? "").split("\n").filter((line) => line.startsWith("| `"));
  return rows.map((row) => row.slice(2, -2).split(" | "));
}

describe("docs/reference", () => {
  it("config.md lists exactly the courier's settings, with their defaults and meanings", () => {
    const settings = describeConfig(configSchema).map((row) => [
      `\`${row.env}\``,
      row.required ? "required" : row.default ? `\`${row.default}\`` : "none",
      row.description,
    ]);
    expect(documented("config.md")).toEqual(settings);
  });

  it("metrics.md lists exactly the courier's metrics", () => {
    const metrics = metricRows(METRICS).map(({ name, type, labels, help }) => [
      `\`${name}\``,
      type,
      labels.map((label) => `\`${label}\``).join(", ") || "none",
      help,
    ]);
    expect(documented("metrics.md")).toEqual(metrics);
  });
});
