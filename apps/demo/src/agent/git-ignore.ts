/**
 * What .gitignore files leave out: comments, `!`, folders only (`dist/`), anchored (`/x`, `a/b`) and nested files. The
 * last rule that matches decides. `.git` itself is never looked at.
 */
import { globToRegExp } from "./glob.ts";

interface Rule {
  readonly pattern: RegExp;
  readonly isNegated: boolean;
  readonly isForFolders: boolean;
}

/** Rules of one folder and those above it. */
export class IgnoreRules {
  readonly #base: string;
  readonly #rules: readonly Rule[];
  readonly #above: IgnoreRules | undefined;

  /** `base` is the folder of the file, "" for the root, else with a slash at its end. */
  constructor(text: string, base = "", above?: IgnoreRules) {
    this.#base = base;
    this.#above = above;
    this.#rules = text
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map(parseRule);
  }

  /** Whether a path (from the root, without a slash at its end) is left out. */
  isIgnored(path: string, isFolder: boolean): boolean {
    const inside = path.slice(this.#base.length);
    const rule = this.#rules.findLast(
      ({ pattern, isForFolders }) => (isFolder || !isForFolders) && pattern.test(inside),
    );
    return rule === undefined ? (this.#above?.isIgnored(path, isFolder) ?? false) : !rule.isNegated;
  }
}

function parseRule(line: string): Rule {
  const isNegated = line.startsWith("!");
  const isForFolders = line.endsWith("/");
  const glob = line.slice(isNegated ? 1 : 0, isForFolders ? -1 : undefined);
  return { pattern: globToRegExp(glob), isNegated, isForFolders };
}
