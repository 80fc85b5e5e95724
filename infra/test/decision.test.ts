/** Decision records: short, of one shape, and the record of dependencies complete. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { failing, inRepository, readText } from "./support/document.ts";

const FOLDER = "docs/decisions";
const records = readdirSync(inRepository(FOLDER)).filter((file) => file.endsWith(".md"));

/** Finds a record that is long, misses a section, or is numbered unlike its file. */
function recordProblems(file: string, text: string): string[] {
  const sections = [...text.matchAll(/^## (.+)$/gm)].map((match) => match[1]);
  return failing([
    [/^\d{4}-[a-z0-9-]+\.md$/.test(file), `${file}: the name is not NNNN-title.md`],
    [text.trimEnd().split("\n").length <= 40, `${file}: longer than 40 lines`],
    [text.startsWith(`# ${file.slice(0, 4)}: `), `${file}: the title does not start with its number`],
    [
      sections.join() === "Context,Decision,Consequences,What would change our mind",
      `${file}: the sections are ${sections.join(", ")}`,
    ],
  ]);
}

/** Every package that some workspace needs at run time, our own excepted. */
function runtimeDependencies(): string[] {
  const names = ["apps", "packages"].flatMap((folder) =>
    readdirSync(inRepository(folder)).flatMap((workspace) => {
      const manifest: unknown = JSON.parse(readFileSync(inRepository(`${folder}/${workspace}/package.json`), "utf8"));
      return Object.keys((manifest as { dependencies?: Record<string, string> }).dependencies ?? {});
    }),
  );
  return [...new Set(names)].filter((name) => !name.startsWith("@doorstep/"));
}

/** The dependencies that a record's table does not give a reason for. */
function unexplained(record: string, names: readonly string[]): string[] {
  const rows = record.matchAll(/^\| ([^|]+) \| [^|]{20,} \|$/gm);
  const explained = new Set([...rows].flatMap((row) => (row[1] ?? "").split(", ")));
  return names.filter((name) => !explained.has(`\`${name}\``));
}

describe("decision records", () => {
  it("are 40 lines at most and have one shape", () => {
    expect(records.length).toBeGreaterThan(0);
    expect(records.flatMap((file) => recordProblems(file, readText(`${FOLDER}/${file}`)))).toEqual([]);
  });

  it("have numbers of their own, without a hole", () => {
    expect(records.map((file) => Number(file.slice(0, 4))).sort((a, b) => a - b)).toEqual(
      records.map((_, at) => at + 1),
    );
  });

  it("are refused when long, untitled or without their sections", () => {
    expect(recordProblems("0001-a.md", "# 0002: a\n\n## Context\n")).toHaveLength(2);
    expect(recordProblems("one.md", "x\n".repeat(41))).toHaveLength(4);
  });

  it("give a reason for every runtime dependency", () => {
    const record = readText(`${FOLDER}/0009-dependencies.md`);
    expect(unexplained(record, runtimeDependencies())).toEqual([]);
    expect(unexplained(record, ["left-pad"])).toEqual(["left-pad"]);
  });
});
