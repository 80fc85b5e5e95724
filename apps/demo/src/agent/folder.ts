/**
 * The folder the agent answers questions about: every file of text in it, read anew when it has changed.
 *
 * Left out: what .gitignore says, hidden folders, links (they may lead out of the folder), binary files, files above
 * `maxFileBytes`, and whatever is beyond the bounds on count and size. Tools only ever get documents by the paths that
 * this walk has found, so no path a question names can leave the folder.
 */
import { type Dirent, type Stats } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { DoorstepError } from "@doorstep/protocol";
import { createDocument, type Document, type Section } from "./document.ts";
import { IgnoreRules } from "./git-ignore.ts";

export interface FolderBounds {
  readonly maxFiles: number;
  readonly maxFileBytes: number;
  readonly maxTotalBytes: number;
}

const BOUNDS: FolderBounds = { maxFiles: 3_000, maxFileBytes: 256 * 1024, maxTotalBytes: 32 * 1024 * 1024 };

/** What a walk over the folder found. */
export interface Library {
  readonly name: string;
  readonly documents: readonly Document[];
  readonly sections: readonly Section[];
  readonly lineCount: number;
  /** Answers a document by its path in the folder; throws NOT_FOUND for any other path. */
  get(path: string): Document;
}

interface Cached {
  readonly mtimeMs: number;
  readonly size: number;
  readonly document: Document | undefined;
}

export class Folder {
  readonly root: string;
  readonly #bounds: FolderBounds;
  #cache = new Map<string, Cached>();

  constructor(root: string, bounds: Partial<FolderBounds> = {}) {
    this.root = resolve(root);
    this.#bounds = { ...BOUNDS, ...bounds };
  }

  /** What the folder calls itself: the name in its package.json, else its own. */
  async #name(): Promise<string> {
    const manifest = await readFile(join(this.root, "package.json"), "utf8").catch(() => "");
    return /"name"\s*:\s*"([^"]+)"/.exec(manifest)?.[1] ?? basename(this.root);
  }

  /** Walks the folder and reads what is new or has changed. Throws where the folder itself cannot be read. */
  async load(): Promise<Library> {
    const paths = await this.#walk("", undefined);
    const seen = new Map<string, Cached>();
    let bytes = 0;
    for (const path of paths.sort()) {
      const file = join(this.root, path);
      const stats = await stat(file).catch(() => undefined);
      if (stats === undefined || stats.size > this.#bounds.maxFileBytes) continue;
      bytes += stats.size;
      if (bytes > this.#bounds.maxTotalBytes || seen.size >= this.#bounds.maxFiles) break;
      seen.set(path, await this.#read(path, file, stats));
    }
    this.#cache = seen;
    return createLibrary(
      await this.#name(),
      [...seen.values()].map((cached) => cached.document).filter((document) => document !== undefined),
    );
  }

  async #read(path: string, file: string, { mtimeMs, size }: Stats): Promise<Cached> {
    const known = this.#cache.get(path);
    if (known?.mtimeMs === mtimeMs && known.size === size) return known;
    const content = await readFile(file).catch(() => undefined);
    const isText = content !== undefined && !content.subarray(0, 8_192).includes(0);
    return { mtimeMs, size, document: isText ? createDocument(path, content.toString("utf8")) : undefined };
  }

  async #walk(folder: string, above: IgnoreRules | undefined): Promise<string[]> {
    const entries = await readdir(join(this.root, folder), { withFileTypes: true });
    const rules = await this.#rulesOf(folder, entries, above);
    const paths: string[] = [];
    for (const entry of entries) {
      const path = `${folder}${entry.name}`;
      if (rules?.isIgnored(path, entry.isDirectory()) === true) continue;
      if (entry.isFile()) paths.push(path);
      const isHidden = entry.name.startsWith(".") || entry.name === "node_modules";
      if (entry.isDirectory() && !isHidden) paths.push(...(await this.#walk(`${path}/`, rules)));
      // Far more than will be read; a folder without end must not fill the memory.
      if (paths.length > this.#bounds.maxFiles * 4) break;
    }
    return paths;
  }

  async #rulesOf(
    folder: string,
    entries: readonly Dirent[],
    above: IgnoreRules | undefined,
  ): Promise<IgnoreRules | undefined> {
    if (!entries.some((entry) => entry.name === ".gitignore" && entry.isFile())) return above;
    return new IgnoreRules(await readFile(join(this.root, folder, ".gitignore"), "utf8"), folder, above);
  }
}

function createLibrary(name: string, documents: readonly Document[]): Library {
  const byPath = new Map(documents.map((document) => [document.path, document]));
  return {
    name,
    documents,
    sections: documents.flatMap((document) => document.sections),
    lineCount: documents.reduce((sum, document) => sum + document.lines.length, 0),
    get(path) {
      const document = byPath.get(path);
      if (document === undefined) throw new DoorstepError("NOT_FOUND", `${path} is no file of ${name}`);
      return document;
    },
  };
}
