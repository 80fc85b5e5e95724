/** Words: how text is cut, and when two words are the same for a search ("replays" and "replayed" are). */

const STOP_WORDS = new Set(
  (
    "a about above after all also am an and any are as at be been before being below between both but by can could did do " +
    "does doing down during each few for from further had has have having here how i if in into is it its itself just me " +
    "more most my no nor not of off on once only or other our out over own same she should so some such tell than that the " +
    "their them then there these they this those through to too under until up us very was we were what when where which " +
    "while who whom why will with without would you your show find list explain describe please many much often number " +
    "count file files folder line lines work works happen happens use used uses define defined mention mentioned mentions contain contains containing say says said"
  ).split(" "),
);

/** A word as it stands in a text. */
export interface Word {
  readonly text: string;
  readonly stem: string;
}

/** Cuts text into words; `createHub` is one word and its two parts. */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  for (const word of tokensOf(text)) {
    words.push(word);
    const parts = word.text.split(/_|(?<=[\p{Ll}\p{N}])(?=\p{Lu})/u);
    if (parts.length > 1) for (const part of parts) words.push({ text: part, stem: stemOf(part) });
  }
  return words;
}

/** Cuts text into words without their parts. */
export function tokensOf(text: string): Word[] {
  return [...text.matchAll(/[\p{L}\p{N}]+(?:_[\p{L}\p{N}]+)*/gu)].map(([text]) => ({ text, stem: stemOf(text) }));
}

/** The words of a question that carry meaning, each once. */
export function searchWords(text: string): Word[] {
  const seen = new Set<string>();
  return tokensOf(text).filter(({ text, stem }) => {
    if (stem.length < 2 || STOP_WORDS.has(text.toLowerCase()) || seen.has(stem)) return false;
    seen.add(stem);
    return true;
  });
}

/** Cuts English endings so that forms of one word agree; crude, and the same for texts and questions. */
function stemOf(word: string): string {
  let stem = word
    .toLowerCase()
    .replace(/(..)ies$/, "$1y")
    .replace(/(ch|sh|ss|x|z)es$/, "$1")
    .replace(/(..[^su])s$/, "$1");
  if (stem.length > 6) stem = stem.replace(/ing$/, "");
  if (stem.length > 5) stem = stem.replace(/ed$/, "");
  return stem.replace(/(...)e$/, "$1").replace(/([^aeiou0-9])\1$/, "$1");
}
