/**
 * What has to hold between the documentation and the repository, as functions from texts to a list of problems.
 *
 * A repository is a map from path to text, so that a test can plant a change in a copy of it.
 */
import { posix } from "node:path";
import { parseSync } from "@swc/core";
import { envName } from "@doorstep/runtime";
import { anchorsOf, codeBlocks, codeSpans, relativeLinks } from "./markdown.ts";

/** Paths from the root, with forward slashes, and their texts; folders are known by what lies in them. */
export type Repository = ReadonlyMap<string, string>;

/** Finds links to files or headings that are not there. */
export function linkProblems(repository: Repository, page: string): string[] {
  const text = repository.get(page) ?? "";
  return relativeLinks(text).flatMap(({ path, anchor }) => {
    const target = path === "" ? page : posix.join(posix.dirname(page), path).replace(/\/$/, "");
    if (!exists(repository, target)) return [`${page}: ${path} does not exist`];
    const isFound = anchor === "" || anchorsOf(repository.get(target) ?? "").has(anchor);
    return isFound ? [] : [`${page}: ${target} has no heading #${anchor}`];
  });
}

const CITATION = /^Test: (\S+) - (.+)$/gm;

/** Finds promises without a test, and citations of tests that are not there. */
export function citationProblems(repository: Repository, page: string): string[] {
  const text = repository.get(page) ?? "";
  const sections = text.split(/^(?=#{2,3} )/m).filter((section) => /^### P\d+\./.test(section));
  const promises = sections.map((section) => /^### (P\d+)\./.exec(section)?.[1] ?? "");
  const expected = Array.from({ length: 10 }, (_, i) => `P${i + 1}`);
  const problems = promises.join() === expected.join() ? [] : [`${page}: the promises are ${promises.join()}`];
  sections.forEach((section, i) => {
    if (!/^Test: /m.test(section)) problems.push(`${page}: ${promises[i]} names no test`);
  });
  for (const [line] of text.matchAll(/^Test:.*$/gm)) {
    const [, path = "", title = ""] = [...line.matchAll(CITATION)][0] ?? [];
    const test = path.includes("/test/") ? repository.get(path) : undefined;
    if (test === undefined) problems.push(`${page}: no test file in "${line}"`);
    else if (!hasTitle(test, title)) problems.push(`${page}: ${path} has no test "${title}"`);
  }
  return problems;
}

/** Whether a test of this title is in a test file. */
function hasTitle(test: string, title: string): boolean {
  const literal = title.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(String.raw`\(\s*(["'\x60])${literal}\1`).test(test);
}

const OWN_NAME = /\b(?:doorstep_[a-z0-9_]+|DOORSTEP_[A-Z0-9_]+)\b/g;
const CODE_NAME = /\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g;
const HISTOGRAM_SUFFIX = /_(?:bucket|sum|count)$/;

/** Every name that the sources know: words, and environment variables of settings' fields. */
export function knownNames(repository: Repository): Set<string> {
  const names = new Set<string>();
  for (const [path, text] of repository) {
    if (!isSource(path)) continue;
    for (const [word] of text.matchAll(/\w+/g)) names.add(word);
    if (!/(?:^|-|\/)config\.ts$/.test(path)) continue;
    for (const [, field = ""] of text.matchAll(/^\s+(\w+): /gm)) names.add(envName(field));
  }
  return names;
}

/** Finds settings, metrics and codes that the sources do not have. */
export function nameProblems(repository: Repository, known: ReadonlySet<string>, page: string): string[] {
  const text = repository.get(page) ?? "";
  // Other people's constants may stand in blocks of code; ours are ours everywhere.
  const names = [...(text.match(OWN_NAME) ?? []), ...(codeSpans(text).join(" ").match(CODE_NAME) ?? [])];
  return [...new Set(names)]
    .filter((name) => !known.has(name) && !known.has(name.replace(HISTOGRAM_SUFFIX, "")))
    .map((name) => `${page}: nothing in the sources is called ${name}`);
}

/** Finds files, functions, classes and methods named in code spans that are not there. */
export function mentionProblems(repository: Repository, known: ReadonlySet<string>, page: string): string[] {
  return codeSpans(repository.get(page) ?? "").flatMap((span) => {
    if (/^(?:apps|packages|docs|infra)\/[\w./-]+$/.test(span)) {
      return exists(repository, span.replace(/\/$/, "")) ? [] : [`${page}: ${span} does not exist`];
    }
    if (/^[\w/-]+\.(?:ts|lua)$/.test(span)) {
      return [...repository.keys()].some((path) => path.endsWith(`/${span}`))
        ? []
        : [`${page}: no file is called ${span}`];
    }
    if (!/^(?:\w+\.)?[a-z]\w+\(\)$|^[A-Z][a-z]\w+(?:\.[a-z]\w+)?$/.test(span)) return [];
    return (span.match(/\w+/g) ?? [])
      .filter((word) => !known.has(word))
      .map((word) => `${page}: nothing in the sources is called ${word} (${span})`);
  });
}

/** Finds blocks of code that are not of the language they say. */
export function codeProblems(repository: Repository, page: string): string[] {
  return codeBlocks(repository.get(page) ?? "").flatMap(({ language, code }) => {
    try {
      if (language === "ts" || language === "tsx") parseSync(code, { syntax: "typescript", tsx: language === "tsx" });
      if (language === "json") JSON.parse(code);
      return [];
    } catch (error) {
      const [reason] = String(error).trim().split("\n");
      return [`${page}: a block of ${language} does not parse (${reason}): ${code.slice(0, 60)}`];
    }
  });
}

const DISMISSIVE = /\b(?:just|simply|easy|easily|obviously)\b/gi;

/** Finds words that tell readers how they should feel about a task. */
export function toneProblems(repository: Repository, page: string): string[] {
  const words = (repository.get(page) ?? "").match(DISMISSIVE) ?? [];
  return words.map((word) => `${page}: "${word}"`);
}

function isSource(path: string): boolean {
  return (
    /^(?:apps|packages)\/\w+\/(?:src|lua)\//.test(path) || path.startsWith("infra/") || path === "docker-compose.yml"
  );
}

function exists(repository: Repository, path: string): boolean {
  return repository.has(path) || [...repository.keys()].some((known) => known.startsWith(`${path}/`));
}
