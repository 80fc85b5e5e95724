/**
 * Answers are put together from what the folder says: quoted sentences with the file and line they stand on, best first.
 * Nothing is made up, and where nothing was found the answer says so and names the words that no file has.
 *
 * The text is plain: paragraphs, lines that begin with `> ` for quotes, `[path:line]` for references.
 */
import { type Section, type Sentence, sentencesOf } from "./document.ts";
import type { Library } from "./folder.ts";
import { namesOf, type Plan } from "./plan.ts";
import { weightsOf } from "./rank.ts";
import type { CountResult, FileHit, TextHit } from "./tool.ts";
import { wordsOf } from "./word.ts";

/** What the tools found. */
export interface Findings {
  readonly files: readonly FileHit[];
  readonly hits: readonly TextHit[];
  readonly sections: readonly Section[];
  readonly count: CountResult | undefined;
}

interface Quote extends Sentence {
  readonly section: Section;
  readonly score: number;
  readonly stems: ReadonlySet<string>;
}

/** What a quote is worth by its kind: prose explains, rows and code list; where places are listed, code is said already. */
const WORTH = {
  explain: { prose: 1, row: 0.6, code: 0.4 },
  count: { prose: 1, row: 1, code: 1 },
  locate: { prose: 1, row: 0.6, code: 0 },
} as const;

/** A quote says at least so many words that are not of the question. */
const MIN_NEWS = 3;

/** Quotes of one answer that share so many words say the same. */
const SAME_FROM = 0.6;

/** Writes the answer; at most `maxQuotes` sentences are quoted. */
export function composeAnswer(library: Library, plan: Plan, findings: Findings, maxQuotes: number): string {
  const quotes = chooseQuotes(library, plan, findings.sections, maxQuotes);
  const parts = [
    findings.count === undefined ? undefined : countText(library, plan, findings.count),
    plan.intent === "locate" ? locateText(findings) : undefined,
    quotes.length === 0 ? undefined : quoteText(quotes, plan),
    moreText(findings.hits, quotes),
    missingText(library, plan),
  ].filter((part) => part !== undefined);
  const hasSomething = quotes.length > 0 || findings.hits.length > 0 || findings.count !== undefined;
  const nothing = `I found nothing about ${namesOf(plan).join(", ") || "that"} in the ${library.documents.length} files of ${library.name}.`;
  return (hasSomething ? parts : [nothing, ...parts.slice(-1)]).join("\n\n");
}

/** Picks the sentences that say most about the question, no two of them alike, in order of their worth. */
function chooseQuotes(library: Library, plan: Plan, sections: readonly Section[], maxQuotes: number): Quote[] {
  const weights = weightsOf(
    library,
    plan.words.map((word) => word.stem),
  );
  // A question that names only files is answered with how they begin.
  const isOpen = weights.size === 0 && plan.phrases.length === 0;
  const says = ({ kind, stems }: Quote) =>
    kind === "code" || [...stems].filter((stem) => !weights.has(stem)).length >= MIN_NEWS;
  const candidates = sections.flatMap((section, rank) => {
    const about = new Set(wordsOf(section.trail.join(" ")).map((word) => word.stem));
    return sentencesOf(section).map((sentence): Quote => {
      const stems = new Set(wordsOf(sentence.text).map((word) => word.stem));
      const worth = isOpen ? 1 : scoreOf(sentence, stems, about, weights, plan.phrases);
      const score = worth * (1 - rank * 0.04) * WORTH[plan.intent][sentence.kind];
      return Object.assign(sentence, { section, stems, score });
    });
  });
  const chosen: Quote[] = [];
  const least = Math.max(0, ...candidates.map((quote) => quote.score)) * 0.35;
  for (const quote of candidates.filter(says).sort((a, b) => b.score - a.score)) {
    if (chosen.length === maxQuotes || quote.score === 0 || quote.score < least) break;
    if (!chosen.some((other) => overlap(quote.stems, other.stems) > SAME_FROM)) chosen.push(quote);
  }
  return chosen;
}

function scoreOf(
  sentence: Sentence,
  stems: ReadonlySet<string>,
  about: ReadonlySet<string>,
  weights: ReadonlyMap<string, number>,
  phrases: readonly string[],
): number {
  let score = 0;
  for (const [stem, weight] of weights) {
    if (stems.has(stem)) score += weight;
    // The heading names the subject; the sentence below it need not repeat the word.
    else if (about.has(stem)) score += weight * 0.5;
  }
  const lowered = sentence.text.toLowerCase();
  for (const phrase of phrases) if (lowered.includes(phrase.toLowerCase())) score += 4;
  return score;
}

function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = [...a].filter((stem) => b.has(stem)).length;
  return shared / Math.max(1, Math.min(a.size, b.size));
}

function countText(library: Library, plan: Plan, count: CountResult): string {
  const names = namesOf(plan).join(", ");
  const kind = plan.globs.length === 0 ? "" : ` (${plan.globs.join(", ")})`;
  const where = `${plural(count.searched, "file")}${kind} of ${library.name}`;
  const most = count.top.map(({ path, count }) => `[${path}] ${count.toLocaleString("en")}`).join(", ");
  if (count.matches === 0) return `None: I looked through ${where}.`;
  if (names === "") {
    return `There are ${plural(count.files, "file")}${kind} with ${plural(count.lines, "line")}. The longest: ${most}.`;
  }
  const times = `${plural(count.matches, "time")} on ${plural(count.lines, "line")}`;
  const files = `${plural(count.files, "file")} of the ${count.searched.toLocaleString("en")}${kind} in ${library.name}`;
  const inWords = { files: `in ${files}, ${times}`, lines: `on ${plural(count.lines, "line")} in ${files}` };
  const found = plan.unit === "matches" ? `${times} in ${files}` : inWords[plan.unit];
  return `${names}: ${found}. Most often in ${most}.`;
}

function locateText({ files, hits }: Findings): string | undefined {
  const places = hits.slice(0, 4).map((hit) => `> ${hit.snippet} [${hit.path}:${hit.line}]`);
  if (places.length > 0) return ["The best places:", ...places].join("\n");
  return files.length === 0 ? undefined : `By their names: ${files.map((file) => `[${file.path}]`).join(", ")}.`;
}

/** Quotes of one section stand together, in the order of the file. */
function quoteText(quotes: readonly Quote[], plan: Plan): string {
  const sections = [...new Set(quotes.map((quote) => quote.section))];
  const paragraphs = sections.map((section, index) => {
    const heading = section.trail.at(-1);
    const from = `${section.path}${heading === undefined ? "" : `, “${heading}”`}`;
    const lines = quotes
      .filter((quote) => quote.section === section)
      .sort((a, b) => a.line - b.line)
      .map((quote) => `> ${quote.text} [${quote.path}:${quote.line}]`);
    const lead = index === 0 && plan.intent === "explain" ? `What ${from} says:` : `From ${from}:`;
    return [lead, ...lines].join("\n");
  });
  return paragraphs.join("\n\n");
}

function moreText(hits: readonly TextHit[], quotes: readonly Quote[]): string | undefined {
  const quoted = new Set(quotes.map((quote) => quote.path));
  const more = hits.filter((hit) => !quoted.has(hit.path)).slice(0, 3);
  if (more.length === 0 || quotes.length === 0) return undefined;
  return `Also worth a look: ${more.map((hit) => `[${hit.path}:${hit.line}]`).join(", ")}.`;
}

function missingText(library: Library, plan: Plan): string | undefined {
  const missing = plan.words.filter((word) => !library.sections.some((section) => section.stems.has(word.stem)));
  if (missing.length === 0) return undefined;
  return `No file has the word ${missing.map((word) => `“${word.text}”`).join(" or ")}.`;
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
