/** From a question to a plan: what to look for, where, and whether to explain, locate or count. */
import type { Library } from "./folder.ts";
import { searchWords, type Word } from "./word.ts";

type Intent = "explain" | "locate" | "count";
type CountUnit = "matches" | "files" | "lines";

export interface Plan {
  readonly intent: Intent;
  readonly unit: CountUnit;
  readonly words: readonly Word[];
  /** Quoted text, to be found literally. */
  readonly phrases: readonly string[];
  /** Which files the question is about; all where empty. */
  readonly globs: readonly string[];
}

const LANGUAGES: Readonly<Record<string, string>> = {
  typescript: "*.ts*",
  javascript: "*.js*",
  markdown: "*.md",
  lua: "*.lua",
  json: "*.json",
  yaml: "*.y*ml",
  css: "*.css",
  python: "*.py",
};

/** Reads a question; the library tells which of its words are names of files. */
export function createPlan(question: string, library: Library): Plan {
  const phrases = [...question.matchAll(/"([^"]{2,80})"|“([^”]{2,80})”|`([^`]{2,80})`/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? "",
  );
  let rest = question.replace(/"[^"]{2,80}"|“[^”]{2,80}”|`[^`]{2,80}`/g, " ");
  const globs: string[] = [];
  const take = (text: string, glob: string) => {
    globs.push(glob);
    rest = rest.replace(text, " ");
  };
  for (const [token] of rest.matchAll(/[\w*?./[\]-]*[*.][\w*?./[\]-]*[\w*]/g)) {
    const name = token.toLowerCase();
    const isFile = library.documents.some(({ path }) => `/${path.toLowerCase()}`.endsWith(`/${name}`));
    if (token.includes("*") || isFile) take(token, token);
  }
  for (const [language, glob] of Object.entries(LANGUAGES)) {
    const found = new RegExp(`\\b${language}\\b`, "i").exec(rest);
    if (found !== null && /\b(files?|lines?|code)\b/i.test(rest)) take(found[0], glob);
  }
  const intent = intentOf(question);
  return { intent, unit: unitOf(rest), words: searchWords(rest), phrases, globs };
}

function intentOf(question: string): Intent {
  if (/\bhow (many|much|often)\b|\bcount\b|\bnumber of\b/i.test(question)) return "count";
  return /\bwhere\b|\bwhich (files?|documents?)\b|\b(find|list|locate)\b/i.test(question) ? "locate" : "explain";
}

function unitOf(text: string): CountUnit {
  if (/\b(files|documents)\b/i.test(text)) return "files";
  return /\blines\b/i.test(text) ? "lines" : "matches";
}

/** Says a plan in words. */
export function describePlan(plan: Plan): string {
  const what = namesOf(plan);
  const where = plan.globs.length === 0 ? "all files" : `files named ${plan.globs.join(", ")}`;
  const verb = { explain: "explain", locate: "find where to look for", count: `count ${plan.unit} of` }[plan.intent];
  return what.length === 0 ? `I will look at ${where}.` : `I will ${verb} ${what.join(", ")}, in ${where}.`;
}

/** What is looked for, as the question has it. */
export function namesOf(plan: Plan): string[] {
  return [...plan.phrases.map((phrase) => `“${phrase}”`), ...plan.words.map((word) => `“${word.text}”`)];
}
