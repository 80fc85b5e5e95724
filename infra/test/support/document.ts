/**
 * Reads YAML documents as plain trees, looks into them and plants changes in copies.
 *
 * The checks beside this file are functions from a document to a list of problems. A test gives them the real document,
 * which must have none, and copies with one change planted, which must be found: a check that finds nothing is worthless.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";

/** A parsed YAML value. */
export type Tree = string | number | boolean | null | Tree[] | { [key: string]: Tree };

/** Keys and indexes from the root of a document to a value. */
export type Path = readonly (string | number)[];

/** The absolute path of a file of the repository, given from its root. */
export function inRepository(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}

/** Reads a text file of the repository. */
export function readText(path: string): string {
  return readFileSync(inRepository(path), "utf8");
}

/**
 * Parses every document of a YAML file, merge keys included. Throws on the first error or warning. What an alias repeats
 * becomes a value of its own, so that a change planted in one place stays there.
 */
export function readYaml(path: string): Tree[] {
  return parseAllDocuments(readText(path), { merge: true }).map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) throw new Error(`${path}: ${problem.message}`);
    return JSON.parse(JSON.stringify(document.toJS())) as Tree;
  });
}

/** The value at a path, or undefined where the path ends early. */
export function look(tree: Tree | undefined, ...path: Path): Tree | undefined {
  return path.reduce<Tree | undefined>((at, key) => {
    if (typeof at !== "object" || at === null) return undefined;
    return Array.isArray(at) ? at[Number(key)] : at[key];
  }, tree);
}

/** The list at a path; empty where there is none. */
export function lookList(tree: Tree | undefined, ...path: Path): Tree[] {
  const found = look(tree, ...path);
  return Array.isArray(found) ? found : [];
}

/** The keys of the map at a path; empty where there is none. */
export function lookKeys(tree: Tree | undefined, ...path: Path): string[] {
  const found = look(tree, ...path);
  return typeof found === "object" && found !== null && !Array.isArray(found) ? Object.keys(found) : [];
}

/** The scalar at a path as text; empty where there is none. */
export function lookText(tree: Tree | undefined, ...path: Path): string {
  const found = look(tree, ...path);
  return typeof found === "object" || found === undefined ? "" : String(found);
}

/** The number at a path; NaN where there is none, so that every comparison with it fails. */
export function lookNumber(tree: Tree | undefined, ...path: Path): number {
  const found = look(tree, ...path);
  return typeof found === "number" || typeof found === "string" ? Number(found) : Number.NaN;
}

/** A copy of a document with one value replaced, or removed when no value is given. Throws where the path leads nowhere. */
export function planted(tree: Tree, path: Path, value?: Tree): Tree {
  const copy = structuredClone(tree);
  const parent = look(copy, ...path.slice(0, -1));
  const key = path.at(-1);
  if (typeof parent !== "object" || parent === null || key === undefined) {
    throw new Error(`nothing to change at ${path.join(".")}`);
  }
  if (value === undefined && look(parent, key) === undefined) throw new Error(`nothing to remove at ${path.join(".")}`);
  if (value !== undefined) Object.assign(parent, { [key]: value });
  else if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
  return copy;
}

/** Whether two trees are equal, whatever the order of keys. */
export function isSame(left: Tree | undefined, right: Tree | undefined): boolean {
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return left === right;
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => isSame(look(left, key), look(right, key)));
}

/** Lists the messages whose expectation does not hold. */
export function failing(expectations: readonly (readonly [holds: boolean, problem: string])[]): string[] {
  return expectations.filter(([holds]) => !holds).map(([, problem]) => problem);
}
