/** An answer's text as blocks to be rendered: paragraphs and quotes, with `[path:line]` as references. Pure. */

export interface AnswerPart {
  readonly kind: "text" | "reference" | "code";
  readonly text: string;
}

export interface AnswerBlock {
  readonly kind: "paragraph" | "quote";
  readonly parts: readonly AnswerPart[];
}

const MARKED = /\[([^\][\s]+\.[^\][\s]+|[^\][\s]+:\d+)\]|`([^`]+)`/g;

/** Cuts a text, also one that is still growing: what is not closed yet stays plain text. */
export function parseAnswer(text: string): AnswerBlock[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) =>
      line.startsWith("> ")
        ? { kind: "quote", parts: parseParts(line.slice(2)) }
        : { kind: "paragraph", parts: parseParts(line) },
    );
}

function parseParts(line: string): AnswerPart[] {
  const parts: AnswerPart[] = [];
  let end = 0;
  for (const match of line.matchAll(MARKED)) {
    if (match.index > end) parts.push({ kind: "text", text: line.slice(end, match.index) });
    const [, reference, code = ""] = match;
    parts.push(reference === undefined ? { kind: "code", text: code } : { kind: "reference", text: reference });
    end = match.index + match[0].length;
  }
  if (end < line.length) parts.push({ kind: "text", text: line.slice(end) });
  return parts;
}
