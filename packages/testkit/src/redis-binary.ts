/**
 * Finds a redis-server, or gets one.
 *
 * In this order: the path in REDIS_SERVER_BIN; `redis-server` or `valkey-server` on PATH, from version 7 on; the
 * system's package manager, where it may be used without asking; a build from source by redis-memory-server, kept under
 * node_modules/.cache; and else an error of one sentence that says what to install. Steps that take time are logged.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import type { Environment } from "./environment.ts";
import { findOnPath, installPackage, type Log } from "./system-package.ts";

/** Where to look and whom to tell. */
export interface FindOptions {
  /** The environment: REDIS_SERVER_BIN and PATH are read. */
  env: Environment;
  /** Is told one line per step that takes time. Default: nobody. */
  log?: Log;
}

/** Sharded pub/sub, which Doorstep is built on, came with 7. */
const LOWEST_MAJOR = 7;

const INSTALL_HINT =
  "install Redis 7 or Valkey 7.2 or later (`apt install redis-server`, `brew install redis`), set REDIS_SERVER_BIN to its path, or set REDIS_URL to a Redis of yours";

const run = promisify(execFile);

/** Finds or installs a redis-server of version 7 or later and returns its path; throws when there is none to be had. */
export async function findRedisServer({ env, log = () => undefined }: FindOptions): Promise<string> {
  const chosen = env["REDIS_SERVER_BIN"];
  if (chosen !== undefined && chosen !== "") {
    const problem = await whyNot(chosen);
    if (problem === undefined) return chosen;
    throw new Error(`REDIS_SERVER_BIN: ${problem}; ${INSTALL_HINT}`);
  }
  const found = await searchPath(env, log);
  if (found !== undefined) return found;

  log("no redis-server on PATH, installing one");
  if (await installPackage({ apt: "redis-server", dnf: "redis", apk: "redis", brew: "redis" }, env, log)) {
    const installed = await searchPath(env, log);
    if (installed !== undefined) return installed;
  }
  const built = await build(env, log);
  if (built !== undefined) return built;
  throw new Error(`no redis-server was found, and none could be installed or built: ${INSTALL_HINT}`);
}

async function searchPath(env: Environment, log: Log): Promise<string | undefined> {
  for (const name of ["redis-server", "valkey-server"]) {
    for (const path of await findOnPath(name, env)) {
      const problem = await whyNot(path);
      if (problem === undefined) return path;
      log(problem);
    }
  }
  return undefined;
}

/** Why the program at `path` will not do; undefined when it will. */
async function whyNot(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(path, ["--version"]);
    const version = /v=(\d+)\.[\d.]+/.exec(stdout);
    if (version === null) return `${path} does not tell its version`;
    if (Number(version[1]) >= LOWEST_MAJOR) return undefined;
    return `${path} is too old (${version[0]}), Doorstep needs ${LOWEST_MAJOR}`;
  } catch (error) {
    return `${path} does not run (${error instanceof Error ? error.message.split("\n")[0] : String(error)})`;
  }
}

/** Downloads and compiles Redis once; later calls find the result. Undefined when that is not possible here. */
async function build(env: Environment, log: Log): Promise<string | undefined> {
  for (const tool of ["make", "cc"]) {
    if ((await findOnPath(tool, env)).length > 0) continue;
    log(`cannot build redis-server: no ${tool} on PATH`);
    return undefined;
  }
  log("building redis-server with redis-memory-server (some minutes, once) ...");
  try {
    const { RedisBinary } = await import("redis-memory-server");
    const path = await RedisBinary.getPath();
    const problem = await whyNot(path);
    if (problem === undefined) return path;
    log(problem);
  } catch (error) {
    log(`the build failed: ${error instanceof Error ? error.message : String(error)}`);
  }
  return undefined;
}
