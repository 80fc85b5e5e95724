/**
 * The agent: answers a question about a folder of text, as a run that a browser can watch.
 *
 *   Understand   the question becomes a plan
 *   Search       findFiles, searchText, count: those the plan asks for, at the same time
 *   Read         readSection for the best hits
 *   Answer       quoted sentences, streamed at a pace one can read along
 *
 * No language model: what it says stands in the files, with the line where.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Run } from "@doorstep/agent";
import { composeAnswer } from "./answer.ts";
import type { Section } from "./document.ts";
import type { Folder, Library } from "./folder.ts";
import { createPlan, describePlan, type Plan } from "./plan.ts";
import { countMatches, findFiles, readSection, searchText, type TextHit } from "./tool.ts";

export interface Question {
  readonly text: string;
  /** Read more and quote more: nobody waits in front of the screen. */
  readonly isThorough: boolean;
}

/** A slow reader's pace: words per second of the streamed answer. */
const WORDS_PER_SECOND = 80;
const WORDS_PER_WRITE = 3;

/** Answers one question inside a run. */
export async function answerQuestion(
  run: Run,
  folder: Folder,
  question: Question,
): Promise<{ files: number; quotedFrom: string[] }> {
  const { library, plan } = await run.step("Understand the question", async () => {
    const library = await folder.load();
    const plan = createPlan(question.text, library);
    run.thinking(describePlan(plan));
    return { library, plan };
  });
  const found = await run.step("Search the folder", () => search(run, library, plan, question.isThorough ? 10 : 6));
  const wanted = found.hits.slice(0, question.isThorough ? 8 : 4);
  const sections = wanted.length === 0 ? [] : await run.step("Read the best places", () => read(run, library, wanted));
  const maxQuotes = plan.intent === "count" ? 2 : question.isThorough ? 8 : 5;
  const text = composeAnswer(library, plan, { ...found, sections }, maxQuotes);
  await run.step("Answer", () => stream(run, text));
  return { files: library.documents.length, quotedFrom: [...new Set(sections.map((section) => section.path))] };
}

async function search(run: Run, library: Library, plan: Plan, limit: number) {
  const input = {
    words: plan.words.map((word) => word.text),
    ...(plan.phrases.length === 0 ? {} : { phrases: [...plan.phrases] }),
    ...(plan.globs.length === 0 ? {} : { globs: [...plan.globs] }),
  };
  const hasSubject = plan.words.length + plan.phrases.length > 0;
  const [files, hits, count] = await Promise.all([
    plan.intent === "locate" || plan.globs.length > 0
      ? run.tool({ toolName: "findFiles", input }, () => findFiles(library, plan))
      : [],
    hasSubject ? run.tool({ toolName: "searchText", input }, () => searchText(library, plan, limit)) : [],
    plan.intent === "count"
      ? run.tool({ toolName: "count", input: { ...input, unit: plan.unit } }, () => countMatches(library, plan))
      : undefined,
  ]);
  if (hasSubject || plan.intent !== "explain") return { files, hits, count };
  // Only files were named: their beginnings are what to read.
  const beginnings = files.map(({ path }) => ({ path, line: 1, heading: "", snippet: "", score: 0 }));
  return { files, hits: beginnings, count };
}

/** Reads each section once, however many hits lie in it. */
async function read(run: Run, library: Library, hits: readonly TextHit[]): Promise<Section[]> {
  const sections = new Map<string, Section>();
  await Promise.all(
    hits.map(({ path, line }) =>
      run.tool({ toolName: "readSection", title: `${path}:${line}`, input: { path, line } }, () => {
        const section = readSection(library, path, line);
        sections.set(`${path}:${section.startLine}`, section);
        return { path, from: section.startLine, to: section.endLine, heading: section.trail.at(-1) ?? null };
      }),
    ),
  );
  return [...sections.values()];
}

async function stream(run: Run, text: string): Promise<void> {
  const message = run.message();
  const pieces = text.match(new RegExp(`(?:\\S+\\s*){1,${WORDS_PER_WRITE}}`, "g")) ?? [text];
  for (const piece of pieces) {
    if (!message.write(piece)) await message.ready();
    await pause((1_000 * WORDS_PER_WRITE) / WORDS_PER_SECOND, undefined, { signal: run.signal });
  }
  await message.end({ finishReason: "stop" });
}
