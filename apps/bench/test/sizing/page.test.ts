import { readFile } from "node:fs/promises";
import { describe, expect, it } from "@jest/globals";

import { readConstants } from "../../src/sizing/constants.ts";
import {
  comparisonTable,
  constantsTable,
  limitsTable,
  sectionOf,
  sizingTable,
  withSection,
} from "../../src/sizing/page.ts";
import { judge } from "../../src/sizing/verdict.ts";

const PAGE = new URL("../../../../docs/operations/cost.md", import.meta.url);

describe("the page of costs", () => {
  it("has the constants that are kept, and the sizes that the model makes of them", async () => {
    const page = await readFile(PAGE, "utf8");
    const file = await readConstants();
    expect(sectionOf(page, "constants")).toBe(constantsTable(file));
    expect(sectionOf(page, "sizing")).toBe(sizingTable(file));
    expect(sectionOf(page, "limits")).toBe(limitsTable(file));
  });

  it("has the comparison with runs of one, two and three masters", async () => {
    const page = await readFile(PAGE, "utf8");
    const table = sectionOf(page, "comparison");
    for (const masters of [1, 2, 3]) expect(table).toContain(`| ${masters} | Redis CPU per event, us |`);
  });

  it("tells every error and whether the middle one is small enough", () => {
    const runs = [90, 100, 60].map((measured) => ({ masters: 1, what: "CPU", unit: "us", measured, predicted: 90 }));
    expect(comparisonTable(judge(runs))).toContain("| 1 | CPU, us | 90 | 90 | +0 | +0 -10 +50 | yes |");
  });

  it("replaces one section and nothing else", () => {
    const page = "a\n<!-- one -->\nold\n<!-- /one -->\nb\n<!-- two -->\n<!-- /two -->\n";
    const changed = withSection(page, "one", "new");
    expect(changed).toBe("a\n<!-- one -->\n\nnew\n\n<!-- /one -->\nb\n<!-- two -->\n<!-- /two -->\n");
    expect(sectionOf(changed, "one")).toBe("new");
    expect(() => withSection(page, "three", "")).toThrow(RangeError);
  });
});
