/**
 * Programs on PATH, and installing one with the system's package manager where that is allowed.
 *
 * Allowed means: as root, with a sudo that asks for no password, or with Homebrew, which belongs to the user. Nothing
 * here ever waits for a password. The environment is handed in; only its PATH is looked at.
 */
import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

import type { Environment } from "./environment.ts";

/** Is told one line per step that takes time. */
export type Log = (line: string) => void;

/** What the package is called by each manager; a manager that does not have it is not asked. */
export interface SystemPackage {
  apt?: string;
  dnf?: string;
  apk?: string;
  brew?: string;
}

/** How long apt-get waits for another one to be done. */
const LOCK_WAIT_S = 60;

const run = promisify(execFile);

/** Lists the paths of the executables called `name` in the folders of PATH, in their order. */
export async function findOnPath(name: string, env: Environment): Promise<string[]> {
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates = folders.map((folder) => join(folder, name));
  const executable = await Promise.all(candidates.map(isExecutable));
  return candidates.filter((_, index) => executable[index]);
}

/** Whether this user may execute the file at `path`. */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Installs a package; false when no manager is there that may, or when it failed (the log says why). */
export async function installPackage(names: SystemPackage, env: Environment, log: Log): Promise<boolean> {
  for (const { manager, name, steps, needsRoot } of managers(names)) {
    if ((await findOnPath(manager, env)).length === 0) continue;
    const prefix = needsRoot ? await rootPrefix(env) : [];
    if (prefix === undefined) {
      log(`cannot install ${name} with ${manager}: not root, and there is no sudo without a password`);
      continue;
    }
    log(`installing ${name} with ${manager} ...`);
    if (await runSteps(steps, prefix, env, log)) return true;
  }
  return false;
}

/** Whether the last step succeeded: lists that could not be updated do not keep the package from being installed. */
async function runSteps(steps: string[][], prefix: string[], env: Environment, log: Log): Promise<boolean> {
  let succeeded = false;
  for (const step of steps) {
    try {
      await runStep([...prefix, ...step], env);
      succeeded = true;
    } catch (error) {
      log(`${step.join(" ")} failed: ${lastLine(error)}`);
      succeeded = false;
    }
  }
  return succeeded;
}

interface Manager {
  manager: string;
  name: string;
  steps: string[][];
  needsRoot: boolean;
}

function managers({ apt, dnf, apk, brew }: SystemPackage): Manager[] {
  const found: Manager[] = [];
  const add = (manager: string, name: string | undefined, needsRoot: boolean, ...steps: string[][]): void => {
    if (name !== undefined) found.push({ manager, name, needsRoot, steps });
  };
  // RUNLEVEL=1 keeps the package's service from being started: Doorstep starts a server of its own.
  const aptGet = [
    "env",
    "RUNLEVEL=1",
    "DEBIAN_FRONTEND=noninteractive",
    "apt-get",
    "-q",
    "-o",
    `DPkg::Lock::Timeout=${LOCK_WAIT_S}`,
  ];
  add("brew", brew, false, ["brew", "install", brew ?? ""]);
  add("apt-get", apt, true, [...aptGet, "update"], [...aptGet, "install", "-y", "--no-install-recommends", apt ?? ""]);
  add("dnf", dnf, true, ["dnf", "install", "-y", dnf ?? ""]);
  add("apk", apk, true, ["apk", "add", apk ?? ""]);
  return found;
}

/** What to put before a command so that it runs as root: nothing, sudo, or undefined when neither works. */
async function rootPrefix(env: Environment): Promise<string[] | undefined> {
  if (process.getuid?.() === 0) return [];
  if ((await findOnPath("sudo", env)).length === 0) return undefined;
  return runStep(["sudo", "-n", "true"], env).then(
    () => ["sudo", "-n"],
    () => undefined,
  );
}

async function runStep([command = "", ...args]: string[], env: Environment): Promise<void> {
  await run(command, args, { env, maxBuffer: 64 * 1024 * 1024 });
}

function lastLine(error: unknown): string {
  const text = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
  return text.trim().split("\n").at(-1) ?? "";
}
