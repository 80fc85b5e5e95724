/**
 * Documents: files of text, cut into sections, and sections into sentences with the line each one begins on.
 *
 * A section of Markdown is what stands under a heading; of anything else a run of lines around one declaration, at most
 * MAX_SECTION_LINES. Sentences come from prose: paragraphs, list items, table rows, comments. Other code is one
 * candidate per line, so that a definition can be quoted too.
 */
import { wordsOf } from "./word.ts";

/** A part of a document; lines count from 1, both ends belong to it. */
export interface Section {
  readonly path: string;
  /** Headings above and of it, outermost first; empty in files that have none. */
  readonly trail: readonly string[];
  readonly startLine: number;
  readonly endLine: number;
  readonly lines: readonly string[];
  /** How often each stem stands in it. */
  readonly stems: ReadonlyMap<string, number>;
  readonly length: number;
}

export interface Document {
  readonly path: string;
  readonly lines: readonly string[];
  readonly sections: readonly Section[];
}

export interface Sentence {
  readonly text: string;
  readonly path: string;
  readonly line: number;
  readonly kind: "prose" | "row" | "code";
}

const MAX_SECTION_LINES = 60;
const MAX_SENTENCE_LENGTH = 420;
/** Between the cells of a table's row. */
const CELL_MARK = " — ";

/** Cuts a file's text into a document. */
export function createDocument(path: string, text: string): Document {
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
  const sections = (isMarkdown(path) ? cutMarkdown(lines) : cutCode(lines)).map(({ trail, start, end }) =>
    createSection(path, trail, start, lines.slice(start, end)),
  );
  return { path, lines, sections };
}

export function isMarkdown(path: string): boolean {
  return /\.(md|mdx|markdown|txt|rst)$/i.test(path) || !/\.\w+$/.test(path);
}

interface Cut {
  trail: string[];
  start: number;
  end: number;
}

function createSection(path: string, trail: readonly string[], start: number, lines: readonly string[]): Section {
  const stems = new Map<string, number>();
  let length = 0;
  // Words of headings and of the file's name say what a section is about: they count as if they stood in it twice.
  const about = `${trail.join(" ")} ${path}`;
  for (const { stem } of [...wordsOf(lines.join("\n")), ...wordsOf(about), ...wordsOf(about)]) {
    stems.set(stem, (stems.get(stem) ?? 0) + 1);
    length++;
  }
  return { path, trail, startLine: start + 1, endLine: start + lines.length, lines, stems, length };
}

function cutMarkdown(lines: readonly string[]): Cut[] {
  const cuts: Cut[] = [];
  const trail: string[] = [];
  let isFenced = false;
  let current: Cut = { trail: [], start: 0, end: 0 };
  for (const [index, line] of lines.entries()) {
    if (/^\s*(```|~~~)/.test(line)) isFenced = !isFenced;
    const heading = isFenced ? null : /^(#{1,6})\s+(.+?)\s*#*$/.exec(line);
    const isLong = index - current.start >= MAX_SECTION_LINES && line.trim() === "" && !isFenced;
    if (heading === null && !isLong) continue;
    current.end = index;
    cuts.push(current);
    if (heading !== null) trail.splice((heading[1]?.length ?? 1) - 1, Infinity, stripMarks(heading[2] ?? ""));
    current = { trail: trail.filter((part) => part !== undefined), start: index, end: index };
  }
  current.end = lines.length;
  return [...cuts, current].filter((cut) => cut.end > cut.start);
}

/** Cuts at blank lines before something that begins at the margin. */
function cutCode(lines: readonly string[]): Cut[] {
  const cuts: Cut[] = [];
  let start = 0;
  for (let index = 1; index < lines.length; index++) {
    const isMargin = lines[index - 1]?.trim() === "" && /^\S/.test(lines[index] ?? "") && index - start >= 4;
    if (!isMargin && index - start < MAX_SECTION_LINES) continue;
    cuts.push({ trail: [], start, end: index });
    start = index;
  }
  if (start < lines.length) cuts.push({ trail: [], start, end: lines.length });
  return cuts;
}

/** Lists the sentences of a section in their order. */
export function sentencesOf(section: Section): Sentence[] {
  const { path } = section;
  const isProse = isMarkdown(path);
  const sentences: Sentence[] = [];
  let paragraph: { text: string; line: number }[] = [];
  let isFenced = false;
  const flush = () => {
    sentences.push(...splitParagraph(path, paragraph));
    paragraph = [];
  };
  for (const [index, raw] of section.lines.entries()) {
    const line = section.startLine + index;
    if (/^\s*(```|~~~)/.test(raw)) {
      isFenced = !isFenced;
      flush();
      continue;
    }
    const comment = isProse ? null : /^\s*(?:\/\*\*?|\*\/?|\/\/+|--+|#+)\s?(.*?)(?:\*\/)?\s*$/.exec(raw);
    const isText = isProse ? !isFenced : comment !== null;
    if (!isText) {
      flush();
      const code = raw.trim();
      if (code.length >= 12) sentences.push({ text: code.slice(0, MAX_SENTENCE_LENGTH), path, line, kind: "code" });
      continue;
    }
    const text = comment?.[1] ?? raw;
    if (text.trim() === "" || /^\s*#{1,6}\s/.test(text) || /^\s*\|?[\s:|-]+\|?\s*$/.test(text)) {
      flush();
      continue;
    }
    if (/^\s*(?:[-*+]|\d+[.)])\s|^\s*\|/.test(text)) flush();
    paragraph.push({ text: stripMarks(text), line });
  }
  flush();
  return sentences;
}

function splitParagraph(path: string, parts: readonly { text: string; line: number }[]): Sentence[] {
  const sentences: Sentence[] = [];
  const isRow = parts[0]?.text.includes(CELL_MARK) ?? false;
  let text = "";
  let line = 0;
  const flush = () => {
    const trimmed = text.trim();
    const kind = isRow ? "row" : "prose";
    if (trimmed.length >= 20) sentences.push({ text: trimmed.slice(0, MAX_SENTENCE_LENGTH), path, line, kind });
    text = "";
  };
  for (const part of parts) {
    for (const piece of part.text.split(/(?<=[.!?:][)"”*]*)\s+(?=[\p{Lu}"“`(*])/u)) {
      if (text === "") line = part.line;
      text = text === "" ? piece : `${text} ${piece}`;
      if (/[.!?][)"”*]*$/.test(piece) && text.length > 40) flush();
    }
  }
  flush();
  return sentences;
}

/** Takes away what Markdown and tables add around words; code spans and bold stay readable. */
function stripMarks(text: string): string {
  return text
    .replace(/^\s*(?:>+|[-*+]|\d+[.)])\s+/, "")
    .replace(/^\s*\|(.*)\|\s*$/, (_, row: string) =>
      row
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim())
        .filter((cell) => cell !== "")
        .join(CELL_MARK),
    )
    .replace(/\[([^\]]+)\]\([^)]*\)/g, "$1")
    .replace(/\*\*([^*]+)\*\*/g, "$1")
    .trim();
}
