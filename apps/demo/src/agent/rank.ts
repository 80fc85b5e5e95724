/** Ranking: BM25 of sections against the words of a question, over all sections of a library. */
import { isMarkdown, type Section } from "./document.ts";
import type { Library } from "./folder.ts";

/** BM25's usual constants: how fast repetition saturates, how much length counts. */
const K1 = 1.2;
const B = 0.75;

export interface Ranked {
  readonly section: Section;
  readonly score: number;
}

/** How much a word tells: rare ones more. 0 where no section has it. */
export function weightsOf(library: Library, stems: readonly string[]): Map<string, number> {
  const count = library.sections.length;
  return new Map(
    stems.map((stem) => {
      const having = library.sections.filter((section) => section.stems.has(stem)).length;
      return [stem, having === 0 ? 0 : Math.log(1 + (count - having + 0.5) / (having + 0.5))];
    }),
  );
}

/** Orders the sections that have any of the words; the best first. Phrases must stand in a section literally. */
export function rankSections(library: Library, stems: readonly string[], phrases: readonly string[]): Ranked[] {
  const weights = weightsOf(library, stems);
  const meanLength = library.sections.reduce((sum, section) => sum + section.length, 0) / library.sections.length;
  const lowered = phrases.map((phrase) => phrase.toLowerCase());
  const ranked: Ranked[] = [];
  for (const section of library.sections) {
    if (lowered.length > 0) {
      const text = section.lines.join("\n").toLowerCase();
      if (!lowered.every((phrase) => text.includes(phrase))) continue;
    }
    let score = 0;
    let found = 0;
    for (const [stem, weight] of weights) {
      const frequency = section.stems.get(stem) ?? 0;
      if (frequency === 0) continue;
      found++;
      score +=
        (weight * frequency * (K1 + 1)) / (frequency + K1 * (1 - B + (B * section.length) / Math.max(1, meanLength)));
    }
    // A section with all the words answers better than one that repeats a single one.
    if (found > 0) ranked.push({ section, score: score * (found / weights.size) * kindWeight(section.path) });
    else if (lowered.length > 0 && stems.length === 0) ranked.push({ section, score: kindWeight(section.path) });
  }
  return ranked.sort((a, b) => b.score - a.score);
}

/** Prose explains; tests repeat the names of what they test. */
function kindWeight(path: string): number {
  if (/(^|\/)(test|tests|__tests__)\//.test(path)) return 0.5;
  return isMarkdown(path) ? 1.5 : 1;
}
