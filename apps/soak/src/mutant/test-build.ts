/**
 * A test build: a copy of the built programs in a folder of its own, with edits made to it.
 *
 * What was built and the scripts are copied; packages of others stay where they are, behind links. Programs find each
 * other by paths relative to themselves, so every process that a copy starts belongs to the copy.
 */
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { applyEdit, type Edit } from "./mutant.ts";

/** Root of the repository, whether this file runs from its source or as it was built. */
export const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

const COPIED: ReadonlySet<string> = new Set(["package.json", "dist", "lua"]);
const SCOPE = "@doorstep";

/** A copy of the built programs. */
export interface TestBuild {
  readonly folder: string;
  /** Removes it. */
  remove(): Promise<void>;
}

/** Copies what was built and edits the copy; throws where an edit does not fit. */
export async function createTestBuild(edits: readonly Edit[]): Promise<TestBuild> {
  const folder = await mkdtemp(join(tmpdir(), "doorstep-mutant-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await copyBuilt(folder);
    await linkModules(folder);
    for (const edit of edits) {
      const file = join(folder, edit.file);
      await writeFile(file, applyEdit(await readFile(file, "utf8"), edit));
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { folder, remove };
}

async function copyBuilt(folder: string): Promise<void> {
  for (const group of ["apps", "packages"]) {
    for (const workspace of await readdir(join(ROOT, group))) {
      const from = join(ROOT, group, workspace);
      const present = (await readdir(from)).filter((name) => COPIED.has(name));
      for (const name of present) {
        await cp(join(from, name), join(folder, group, workspace, name), { recursive: true });
      }
    }
  }
}

/** Our own packages are linked within the copy, as npm links them; all others to where they are. */
async function linkModules(folder: string): Promise<void> {
  const from = join(ROOT, "node_modules");
  const to = join(folder, "node_modules");
  await mkdir(join(to, SCOPE), { recursive: true });
  for (const name of await readdir(from)) {
    if (!name.startsWith(".") && name !== SCOPE) await symlink(join(from, name), join(to, name));
  }
  for (const group of ["apps", "packages"]) {
    for (const workspace of await readdir(join(folder, group))) {
      const target = join("../..", group, workspace);
      await symlink(target, join(to, SCOPE, workspace));
      // What npm could not hoist.
      const own = join(ROOT, group, workspace, "node_modules");
      if (existsSync(own)) await symlink(own, join(folder, group, workspace, "node_modules"));
    }
  }
}

/** Reads a file of the build as it is, without edits. */
export async function readBuilt(file: string): Promise<string> {
  return readFile(join(ROOT, file), "utf8");
}
