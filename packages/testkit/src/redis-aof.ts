/**
 * The end of a dead server's append-only file, cut off: what a power cut leaves of it.
 *
 * The file is repaired behind the cut as `redis-check-aof --fix` does. Redis 7.0 alone cuts a broken command off but leaves
 * an open MULTI before it in the file, and its commands come to life at the next restart but one.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, stat, truncate } from "node:fs/promises";
import { join } from "node:path";

import { testEnvironment } from "./environment.ts";
import { findRedisServer } from "./redis-binary.ts";
import type { RedisServer } from "./redis-process.ts";

/** The size of a server's append-only file, in bytes. */
export async function aofBytes(server: RedisServer): Promise<number> {
  return (await stat(await fileOf(server))).size;
}

/** Cuts the file of a server that was killed to about `bytes`: to the last whole transaction within. */
export async function cutAof(server: RedisServer, bytes: number): Promise<void> {
  await truncate(await fileOf(server), Math.max(0, bytes));
  // The server is the repair tool too, under that name.
  const binary = await findRedisServer({ env: testEnvironment() });
  const manifest = join(folderOf(server), "appendonly.aof.manifest");
  const repair = spawn(binary, ["--fix", manifest], { argv0: "redis-check-aof", stdio: ["pipe", "ignore", "inherit"] });
  // Where nothing is to be cut it ends without asking.
  repair.stdin?.on("error", () => undefined);
  repair.stdin?.end("y\n");
  const [code] = (await once(repair, "exit")) as [number | null];
  if (code !== 0) throw new Error(`redis-check-aof ended with ${code}`);
}

function folderOf({ dir }: RedisServer): string {
  return join(dir, "appendonlydir");
}

async function fileOf(server: RedisServer): Promise<string> {
  const name = (await readdir(folderOf(server))).find((file) => file.endsWith(".incr.aof"));
  if (name === undefined) throw new Error(`there is no append-only file in ${folderOf(server)}`);
  return join(folderOf(server), name);
}
