/**
 * A real Chromium for tests of the pages.
 *
 * The browser is the machine's: CHROMIUM_BIN, PATH, the usual places on macOS, or the system's package manager where it
 * may be used without asking. playwright-core drives it and is loaded only when a browser is launched.
 */
import type { Browser } from "playwright-core";

import { type Environment, testEnvironment } from "./environment.ts";
import { findOnPath, installPackage, isExecutable, type Log } from "./system-package.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const MAC_PATHS = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

const QUIET_ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where to look and whom to tell. */
export interface FindChromiumOptions {
  /** The environment: CHROMIUM_BIN and PATH are read. */
  env: Environment;
  /** Is told one line per step that takes time. Default: nobody. */
  log?: Log;
}

/** Finds or installs Chromium (or Chrome) and returns its path; throws when there is none to be had. */
export async function findChromium({ env, log = () => undefined }: FindChromiumOptions): Promise<string> {
  const chosen = env["CHROMIUM_BIN"];
  if (chosen !== undefined && chosen !== "") {
    if (await isExecutable(chosen)) return chosen;
    throw new Error(`CHROMIUM_BIN: ${chosen} cannot be executed`);
  }
  const found = await search(env);
  if (found !== undefined) return found;
  log("no chromium on PATH, installing one");
  const installed = (await installPackage({ apt: "chromium", dnf: "chromium", apk: "chromium" }, env, log))
    ? await search(env)
    : undefined;
  if (installed !== undefined) return installed;
  throw new Error(
    "no chromium was found and none could be installed: install Chromium or Chrome, or set CHROMIUM_BIN to its path",
  );
}

/** Launches Chromium without a window; the caller closes it. */
export async function launchBrowser(options: Partial<FindChromiumOptions> = {}): Promise<Browser> {
  const executablePath = await findChromium({ env: testEnvironment(), ...options });
  const { chromium } = await import("playwright-core");
  return chromium.launch({ executablePath, headless: true, args: QUIET_ARGS });
}

async function search(env: Environment): Promise<string | undefined> {
  for (const name of NAMES) {
    const [path] = await findOnPath(name, env);
    if (path !== undefined) return path;
  }
  for (const path of MAC_PATHS) {
    if (await isExecutable(path)) return path;
  }
  return undefined;
}
