/**
 * The agent's tools. Each takes the library and a small input, and answers plain data with paths and line numbers.
 * Everything is found in the documents themselves; nothing is remembered between two calls.
 */
import { DoorstepError } from "@doorstep/protocol";
import type { Section } from "./document.ts";
import type { Library } from "./folder.ts";
import { globToRegExp } from "./glob.ts";
import { rankSections } from "./rank.ts";
import { tokensOf, type Word, wordsOf } from "./word.ts";

/** What all tools that look for something take. */
export interface Query {
  readonly words: readonly Word[];
  readonly phrases: readonly string[];
  readonly globs: readonly string[];
}

export interface FileHit {
  path: string;
  lines: number;
}

export interface TextHit {
  path: string;
  /** The line that fits best, from 1. */
  line: number;
  heading: string;
  snippet: string;
  score: number;
}

export interface CountResult {
  files: number;
  lines: number;
  matches: number;
  /** Files of the folder that were looked at. */
  searched: number;
  top: { path: string; count: number }[];
}

const SNIPPET_LENGTH = 160;
/** How many of the best sections are looked at line by line. */
const LOOKED_AT = 60;

/** Finds files by glob and by words of their path; those that match more words come first. */
export function findFiles(library: Library, { words, globs }: Query, limit = 8): FileHit[] {
  const stems = words.map((word) => word.stem);
  return within(library, globs)
    .documents.map(({ path, lines }) => {
      const parts = new Set(wordsOf(path).map((word) => word.stem));
      return { path, lines: lines.length, found: stems.filter((stem) => parts.has(stem)).length };
    })
    .filter((file) => file.found > 0 || stems.length === 0)
    .sort((a, b) => b.found - a.found || a.path.length - b.path.length)
    .slice(0, limit)
    .map(({ path, lines }) => ({ path, lines }));
}

/** Searches the text of all files; one hit per section, best first, at most two per file. */
export function searchText(library: Library, query: Query, limit = 8): TextHit[] {
  const stems = query.words.map((word) => word.stem);
  const hits = rankSections(within(library, query.globs), stems, query.phrases)
    .slice(0, LOOKED_AT)
    .map(({ section, score }): TextHit => {
      const { line, text, defines } = bestLine(section, query);
      const heading = section.trail.at(-1) ?? "";
      // Who asks for a name wants the place that makes it, before those that use it.
      return {
        path: section.path,
        line,
        heading,
        snippet: text,
        score: Math.round(score * (defines ? 300 : 100)) / 100,
      };
    })
    .sort((a, b) => b.score - a.score);
  const perFile = new Map<string, number>();
  const isOfFew = ({ path }: TextHit) => {
    perFile.set(path, (perFile.get(path) ?? 0) + 1);
    return (perFile.get(path) ?? 0) <= 2;
  };
  return hits.filter(isOfFew).slice(0, limit);
}

/** Reads the section a line is in. Throws NOT_FOUND for a path or a line that the folder does not have. */
export function readSection(library: Library, path: string, line: number): Section {
  const document = library.get(path);
  const section = document.sections.find(({ startLine, endLine }) => line >= startLine && line <= endLine);
  if (section === undefined) throw new DoorstepError("NOT_FOUND", `${path} has no line ${line}`);
  return section;
}

/** Counts files and lines that have what is looked for, and how often; without words, whole files and their lines. */
export function countMatches(library: Library, query: Query): CountResult {
  const { documents } = within(library, query.globs);
  const stems = new Set(query.words.map((word) => word.stem));
  const phrases = query.phrases.map((phrase) => phrase.toLowerCase());
  const isOpen = stems.size === 0 && phrases.length === 0;
  const result: CountResult = { files: 0, lines: 0, matches: 0, searched: documents.length, top: [] };
  for (const { path, lines } of documents) {
    let count = 0;
    let lineCount = 0;
    for (const line of lines) {
      const inLine = isOpen ? 1 : countInLine(line, stems, phrases);
      count += inLine;
      if (inLine > 0) lineCount++;
    }
    if (count === 0) continue;
    result.files++;
    result.lines += lineCount;
    result.matches += count;
    result.top.push({ path, count });
  }
  result.top.sort((a, b) => b.count - a.count);
  result.top.length = Math.min(result.top.length, 5);
  return result;
}

function countInLine(line: string, stems: ReadonlySet<string>, phrases: readonly string[]): number {
  const lowered = line.toLowerCase();
  if (phrases.length > 0) return phrases.reduce((sum, phrase) => sum + lowered.split(phrase).length - 1, 0);
  let count = 0;
  for (const { stem } of tokensOf(line)) if (stems.has(stem)) count++;
  return count;
}

/** The part of a library whose files match one of the globs. */
function within(library: Library, globs: readonly string[]): Library {
  if (globs.length === 0) return library;
  const patterns = globs.map(globToRegExp);
  const isIn = ({ path }: { path: string }) => patterns.some((pattern) => pattern.test(path));
  return { ...library, documents: library.documents.filter(isIn), sections: library.sections.filter(isIn) };
}

/** The line with the most of what is looked for; a definition counts more than a mention. */
function bestLine(section: Section, { words, phrases }: Query): { line: number; text: string; defines: boolean } {
  const definitions = [...words.map((word) => word.text), ...phrases].map(definition);
  let best = { line: section.startLine, text: section.lines[0]?.trim() ?? "", defines: false };
  let bestScore = 0;
  for (const [index, raw] of section.lines.entries()) {
    const lowered = raw.toLowerCase();
    const stems = new Set(wordsOf(raw).map((word) => word.stem));
    const found = words.filter((word) => stems.has(word.stem)).length;
    const literal = phrases.filter((phrase) => lowered.includes(phrase.toLowerCase())).length;
    const defines = definitions.some((pattern) => pattern.test(raw));
    const score = found + literal * 2 + (defines ? 3 : 0);
    if (score <= bestScore) continue;
    bestScore = score;
    best = { line: section.startLine + index, text: raw.trim().slice(0, SNIPPET_LENGTH), defines };
  }
  return best;
}

function definition(name: string): RegExp {
  const literal = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(
    `^\\s*(?:export\\s+)?(?:async\\s+)?(?:function|class|interface|type|enum|def|const)\\s+${literal}\\b`,
  );
}
