/** Example questions, made from what the folder holds, so that they have an answer whatever folder it is. */
import { isMarkdown } from "./document.ts";
import type { Library } from "./folder.ts";
import { searchWords, wordsOf } from "./word.ts";

/** Makes up to four questions: two about headings, one that locates, one that counts. */
export function suggestQuestions(library: Library): string[] {
  const [name] = namesOf(library);
  const word = commonWord(library);
  const questions = headingsOf(library).map((heading) => `What does it say about ${heading}?`);
  if (name !== undefined) questions.push(`Where is \`${name}\` defined?`);
  if (word !== undefined) questions.push(`How many files mention "${word}"?`);
  return questions;
}

/** Headings that name a subject, of the documents most is written in, one per document. */
function headingsOf(library: Library): string[] {
  const found: string[] = [];
  const prose = library.documents
    .filter((document) => isMarkdown(document.path))
    .sort((a, b) => b.lines.length - a.lines.length);
  for (const document of prose) {
    const heading = document.sections
      .filter((section) => section.trail.length >= 2 && section.length > 60)
      .map((section) => (section.trail.at(-1) ?? "").replace(/^[\d.]+\s*/, "").replace(/`/g, ""))
      .find((title) => searchWords(title).length >= 2 && title.length <= 48 && /^[\p{L}\p{N} ,'-]+$/u.test(title));
    if (heading === undefined) continue;
    // A sentence goes on in lower case, unless the first word is an abbreviation.
    const subject = /^\p{Lu}\p{Ll}/u.test(heading) ? heading.charAt(0).toLowerCase() + heading.slice(1) : heading;
    if (!found.includes(subject)) found.push(subject);
    if (found.length === 2) break;
  }
  return found;
}

/** Functions and classes that are exported somewhere, those most files outside tests use first. */
function namesOf(library: Library): string[] {
  const names = new Set<string>();
  for (const { lines } of library.documents) {
    for (const line of lines) {
      const match = /^export (?:async )?(?:function|class) ([a-z]+[A-Z]\w{2,})/.exec(line);
      if (match?.[1] !== undefined) names.add(match[1]);
    }
  }
  const uses = new Map<string, number>();
  for (const { path, lines } of library.documents) {
    if (/(^|\/)test\//.test(path)) continue;
    for (const name of new Set(wordsOf(lines.join("\n")).map((word) => word.text))) {
      if (names.has(name)) uses.set(name, (uses.get(name) ?? 0) + 1);
    }
  }
  return [...uses].sort((a, b) => b[1] - a[1]).map(([name]) => name);
}

/** A word of the headings that many sections have, but not most of them. */
function commonWord(library: Library): string | undefined {
  const counts = new Map<string, { text: string; count: number }>();
  for (const { trail } of library.sections) {
    for (const { text, stem } of searchWords(trail.at(-1) ?? "")) {
      if (text.length < 5 || /\d/.test(text)) continue;
      const known = counts.get(stem);
      if (known !== undefined) known.count++;
      else {
        const count = library.sections.filter((section) => section.stems.has(stem)).length;
        if (count < library.sections.length / 3) counts.set(stem, { text: text.toLowerCase(), count });
      }
    }
  }
  return [...counts.values()].sort((a, b) => b.count - a.count)[0]?.text;
}
