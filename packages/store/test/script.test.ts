import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, it } from "@jest/globals";

import { type ScriptName, scriptText } from "../src/script.ts";

const FILES = readdirSync(new URL("../lua/", import.meta.url)).filter((name) => name.endsWith(".lua"));
const NAMES = FILES.map((name) => name.replace(".lua", "") as ScriptName);

describe("scriptText", () => {
  it("puts every include in its place", () => {
    for (const name of NAMES) expect(scriptText(name)).not.toContain("@include");
    const append = scriptText("append");
    expect(append.indexOf("local function before")).toBeGreaterThan(append.indexOf("-- append:"));
    expect(append.indexOf("local function trim")).toBeGreaterThan(append.indexOf("local function before"));
  });

  it("keeps the flags on the first line, where Redis reads them", () => {
    for (const name of NAMES) expect(scriptText(name)).toMatch(/^#!lua(?: flags=[a-z-]+)?\n-- [a-z]+: /);
  });
});

describe("the reference of scripts", () => {
  const page = readFileSync(new URL("../../../docs/reference/scripts.md", import.meta.url), "utf8");
  const sections = new Map(
    page
      .split("\n## ")
      .slice(1)
      .map((section) => [section.split("\n")[0] ?? "", section]),
  );

  it("has a section for every script, and no other but the example", () => {
    expect([...sections.keys()].sort()).toEqual([...NAMES, "Publishing from Python"].sort());
  });

  it("says of every script whether it runs when memory is full", () => {
    for (const name of NAMES) {
      const runs = scriptText(name).startsWith("#!lua flags=allow-oom");
      expect([name, sections.get(name)?.includes("*allow-oom.*")]).toEqual([name, runs]);
    }
  });
});
