/**
 * The process of one redis-server, in whatever mode: standalone, cluster node, sentinel.
 *
 * It is serving when it answers PING, and when the one that answers is our process: another server on the same port
 * would answer as well. It can be killed and brought back with the same port, folder and arguments.
 */
import { rm } from "node:fs/promises";

import { type Child, startChild } from "./child.ts";
import { eventually } from "./eventually.ts";
import { redisCall } from "./redis-call.ts";

/** A server that runs, until it is killed or stopped. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Of the current process: another one after a restart. */
  readonly pid: number;
  readonly dir: string;
  /** Sends a signal; resolves when the process has ended, at once for SIGSTOP and SIGCONT. @default "SIGKILL" */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /**
   * Stops it if it runs, starts it again on the same port and folder, resolves when it answers. `args` are added for this
   * start, for example `["--replicaof", "127.0.0.1 6380"]` where another server is master by now.
   */
  restart(args?: readonly string[]): Promise<void>;
  /** Ends it and removes its temporary folder. Idempotent. */
  stop(): Promise<void>;
}

/** What to run. */
export interface RedisProcessOptions {
  binary: string;
  port: number;
  dir: string;
  /** Whether `dir` is removed on stop. */
  isTemporary: boolean;
  args: string[];
}

const STOP_GRACE_MS = 5_000;
const START_TIMEOUT_MS = 15_000;

/** Runs redis-server and resolves when it serves; throws with its output when it does not. */
export async function runRedis({ binary, port, dir, isTemporary, args }: RedisProcessOptions): Promise<RedisServer> {
  const removeDir = async (): Promise<void> => {
    if (isTemporary) await rm(dir, { recursive: true, force: true });
  };
  let child: Child;
  try {
    child = await launch(binary, args, port);
  } catch (error) {
    await removeDir();
    throw error;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    dir,
    get pid() {
      return child.pid;
    },
    kill: (signal = "SIGKILL") => child.kill(signal),
    async restart(further = []) {
      await child.stop(STOP_GRACE_MS);
      child = await launch(binary, [...args, ...further], port);
    },
    async stop() {
      await child.stop(STOP_GRACE_MS);
      await removeDir();
    },
  };
}

/** Writes settings as arguments of redis-server: `{ port: 1 }` becomes `["--port", "1"]`. */
export function toArguments(settings: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

async function launch(binary: string, args: string[], port: number): Promise<Child> {
  const child = await startChild({ command: binary, args });
  try {
    const isServing = async (): Promise<boolean> => !child.isRunning() || (await answersAs(child.pid, port));
    await eventually(isServing, { timeoutMs: START_TIMEOUT_MS, message: "it did not answer" });
    if (child.isRunning()) return child;
    throw new Error("it ended while it started");
  } catch (error) {
    await child.kill("SIGKILL");
    throw new Error(`redis-server on port ${port} did not start:\n${child.tail(20)}`, { cause: error });
  }
}

/** While it reads its AOF it answers PING with an error, which counts as "not yet". */
async function answersAs(pid: number, port: number): Promise<boolean> {
  await redisCall(port, "PING");
  const info = String(await redisCall(port, "INFO", "server"));
  return info.includes(`process_id:${pid}\r\n`);
}
