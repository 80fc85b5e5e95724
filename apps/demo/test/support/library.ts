/** A small folder of real files, made for a test. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { CleanUp } from "@doorstep/testkit";

const FILES: Readonly<Record<string, string>> = {
  "README.md": [
    "# Harbour",
    "",
    "Harbour keeps boats. It was written for sailors who want to know where their boats are.",
    "",
    "## How mooring works",
    "",
    "A boat is moored with two ropes. The harbour master checks the ropes twice a day.",
    "A loose rope is reported to the owner of the boat at once, by radio.",
    "",
    "## Fees",
    "",
    "| size | fee |",
    "|---|---|",
    "| small boats | 10 coins a night |",
    "| large boats | 30 coins a night |",
  ].join("\n"),
  "src/mooring.ts": [
    "/**",
    " * Mooring: which boat lies where.",
    " */",
    "export function moorBoat(name: string, berth: number): string {",
    "  return `${name} lies at berth ${berth}`;",
    "}",
    "",
    "export class HarbourMaster {",
    "  readonly boats = new Map<string, number>();",
    "}",
  ].join("\n"),
  "src/fee.ts": [
    "export const COINS_A_NIGHT = 10;",
    "",
    "export function feeOf(nights: number): number {",
    "  return nights * COINS_A_NIGHT;",
    "}",
  ].join("\n"),
  "docs/storm.md": ["# Storm", "", "In a storm every boat gets a third rope, and nobody leaves the harbour."].join(
    "\n",
  ),
  ".gitignore": ["build/", "*.log", "!keep.log", "/secret.txt"].join("\n"),
  "build/out.md": "ignored zebra",
  "app.log": "ignored zebra",
  "keep.log": "a log that is kept",
  "secret.txt": "ignored zebra",
  "node_modules/x/index.md": "ignored zebra",
  "picture.bin": "zebra\0zebra",
};

/** Makes the folder, with a link that leads out of it; answers its path. */
export async function makeFolder(cleanUp: CleanUp, files: Readonly<Record<string, string>> = FILES): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "doorstep-demo-"));
  cleanUp.add(() => rm(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  await symlink("/etc", join(root, "outside"));
  await symlink("/etc/passwd", join(root, "passwd.md"));
  return root;
}
