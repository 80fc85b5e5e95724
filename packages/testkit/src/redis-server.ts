/**
 * A real redis-server of one's own, for tests and for the local start.
 *
 * It listens on 127.0.0.1 and is configured as Doorstep wants Redis to be: AOF on, `noeviction`, small stream nodes. It
 * can be killed and brought back, which is what tests of P5 do, and it ends with the process that started it. Where the
 * binary comes from is redis-binary.ts' matter, the life of the process redis-process.ts'.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { testEnvironment } from "./environment.ts";
import { freePort } from "./free-port.ts";
import { findRedisServer } from "./redis-binary.ts";
import { type RedisServer, runRedis, toArguments } from "./redis-process.ts";
import type { Log } from "./system-package.ts";

/** How to start it. */
export interface RedisOptions {
  /** Folder of its data; the caller creates it and it is left alone. Default: a temporary one, removed on stop. */
  dir?: string;
  /** @default a free one */
  port?: number;
  /** Whether it writes an append-only file and has its data back after a restart. @default true */
  aof?: boolean;
  /** Further arguments, for example `["--maxmemory", "20mb"]`; of two settings the last wins. */
  args?: string[];
  /** Path of redis-server. Default: found (or installed) as `findRedisServer` does, in the test's environment. */
  binary?: string;
  /** Told what is done when a redis-server must be installed first. Default: nobody. */
  log?: Log;
}

const SETTINGS = {
  bind: "127.0.0.1",
  save: "",
  "maxmemory-policy": "noeviction",
  "stream-node-max-bytes": 512,
  "latency-tracking": "no",
};

/** Starts a redis-server and resolves when it answers PING; throws with its output when it does not. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { aof = true, args = [], log = () => undefined } = options;
  const binary = options.binary ?? (await findRedisServer({ env: testEnvironment(), log }));
  const port = options.port ?? (await freePort());
  const dir = options.dir ?? (await createTemporaryDir());
  return runRedis({
    binary,
    port,
    dir,
    isTemporary: options.dir === undefined,
    args: [...toArguments({ port, dir, appendonly: aof ? "yes" : "no", ...SETTINGS }), ...args],
  });
}

/** Creates an empty folder for a server's data. */
export function createTemporaryDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), "doorstep-redis-"));
}
