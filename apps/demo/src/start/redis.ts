/** Redis for the local start: one of the visitor's own by REDIS_URL, or a redis-server of ours with its data kept. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createHub } from "@doorstep/agent";
import { findRedisServer, freePort, type RedisServer, startRedis } from "@doorstep/testkit";
import type { PartPlan, PartProcess } from "./part.ts";

const REACH_TIMEOUT_MS = 5_000;
const WATCH_INTERVAL_MS = 250;

/** Throws one clear sentence unless a Redis of the kind that Doorstep needs answers at `url`. */
export async function requireRedis(url: string): Promise<void> {
  const hub = createHub({ redis: url, source: "urn:doorstep:start", timeoutMs: REACH_TIMEOUT_MS });
  try {
    await hub.ready();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`REDIS_URL cannot be used: ${reason}; correct it, or unset it to get a Redis of your own`, {
      cause: error,
    });
  } finally {
    await hub.close();
  }
}

/** Makes the plan of a redis-server on a free port, whose append-only file is in `dir`. */
export async function redisPart(
  dir: string,
  env: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
): Promise<PartPlan & { readonly url: string }> {
  await mkdir(dir, { recursive: true });
  takeLock(join(dir, "start.pid"));
  const binary = await findRedisServer({ env, log: say });
  const port = await freePort();
  const launch = async () => watch(await startRedis({ dir, port, binary }));
  return {
    name: "redis",
    about: "the log of every user, in memory and in a file",
    url: `redis://127.0.0.1:${port}`,
    launch,
  };
}

/** Two servers must not write one append-only file. The lock is a file with the id of the process that holds it. */
function takeLock(path: string): void {
  const holder = existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
  if (holder > 0 && holder !== process.pid && isAlive(holder)) {
    throw new Error(`another start is running here, pid ${holder}: stop it first (or delete ${path} if that is wrong)`);
  }
  writeFileSync(path, String(process.pid));
}

/** The server as a process of a part; whether it lives is asked of the system. */
function watch(server: RedisServer): PartProcess {
  const { pid } = server;
  const exited = (async () => {
    while (isAlive(pid)) await pause(WATCH_INTERVAL_MS, undefined, { ref: false });
    return "killed";
  })();
  return { pid, exited, stop: () => server.stop() };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // ESRCH: there is no such process any more.
    return false;
  }
}
