import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { DELIVERY, deliveryOf, isTerminal, TERMINAL } from "../src/index.ts";

describe("DELIVERY", () => {
  it("is docs/reference/events.md, type by type", () => {
    const text = readFileSync(join(__dirname, "../../../docs/reference/events.md"), "utf8");
    const rows = text.split("\n").filter((line) => line.startsWith("| `"));
    const documented = rows.map((row) => {
      const [, type = "", delivery = "", fields = ""] = row.split("|").map((cell) => cell.trim());
      expect(fields).not.toBe("");
      return [type.replaceAll("`", ""), delivery] as const;
    });
    expect(Object.fromEntries(documented)).toEqual(DELIVERY);
    expect(documented).toHaveLength(Object.keys(DELIVERY).length);
  });

  it("holds what a user must not miss as durable: the ends of runs and their questions", () => {
    for (const type of [...TERMINAL, "agent_paused"]) expect(deliveryOf(type)).toBe("durable");
  });

  it("reads types of the application's own as durable", () => {
    for (const type of ["order.shipped", "constructor", "__proto__"]) expect(deliveryOf(type)).toBe("durable");
  });
});

describe("isTerminal", () => {
  it("is true for the three ends of a run only", () => {
    expect(Object.keys(DELIVERY).filter(isTerminal).sort()).toEqual([
      "agent_cancelled",
      "agent_completed",
      "agent_failed",
    ]);
  });
});
