/**
 * Markdown as the checks of docs.test.ts see it: headings, links, code blocks, names in prose.
 *
 * The checks are functions from texts to a list of problems, so that a test can give them broken copies: a check that
 * finds nothing is worthless.
 */

/** A fenced block of code. */
export interface CodeBlock {
  readonly language: string;
  readonly code: string;
}

/** A relative link: the file it is in, and where it leads. */
export interface Link {
  /** Path of the target; empty for a link within the page. */
  readonly path: string;
  /** Anchor without its `#`; empty for none. */
  readonly anchor: string;
}

const FENCE = /^( *)```(\w*)\n([\s\S]*?)^ *```$/gm;
const INLINE_CODE = /`[^`\n]+`/g;

/** Lists the fenced blocks, without the indentation of the list they stand in. */
export function codeBlocks(text: string): CodeBlock[] {
  return [...text.matchAll(FENCE)].map(([, indent = "", language = "", code = ""]) => ({
    language,
    code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }));
}

/** The text without its code blocks. */
function withoutBlocks(text: string): string {
  return text.replaceAll(FENCE, "");
}

/** The anchors of a page's headings, as GitHub makes them: a repeated one gets -1, -2 and so on. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of withoutBlocks(text).matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
      .replaceAll(" ", "-");
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** The links of a page that lead into the repository; what stands in code is no link. */
export function relativeLinks(text: string): Link[] {
  const prose = withoutBlocks(text).replaceAll(INLINE_CODE, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = "", anchor = ""] = target.split("#");
      return { path, anchor };
    });
}

/** The contents of code spans in prose. */
export function codeSpans(text: string): string[] {
  return [...withoutBlocks(text).matchAll(INLINE_CODE)].map(([span]) => span.slice(1, -1));
}

/** The rows of the table that stands first after a heading, without its header; each a list of cells. */
export function tableAfter(text: string, heading: string): string[][] {
  const start = text.indexOf(`\n${heading}\n`);
  const lines = start < 0 ? [] : text.slice(start + heading.length + 2).split("\n");
  const first = lines.findIndex((line) => line.startsWith("|"));
  const length = lines.slice(first).findIndex((line) => !line.startsWith("|"));
  if (first < 0) return [];
  return lines.slice(first + 2, length < 0 ? undefined : first + length).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
