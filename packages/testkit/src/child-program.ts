/**
 * A Node program as a child process: gateways, couriers and agents in system tests and in the local start.
 *
 * It gets exactly the environment it is given, nothing of the caller's, so that a REDIS_URL in a developer's shell does
 * not reach a test. Programs log one JSON object a line; the last lines are kept parsed, and "ready" is a line as well.
 */
import { type Exit, type LogLine, startChild } from "./child.ts";
import type { Environment } from "./environment.ts";
import { eventually } from "./eventually.ts";

/** What to run. */
export interface ProgramOptions {
  /** What errors call it. */
  name: string;
  /** Path of a built script. */
  script: string;
  args?: string[];
  /** Options of Node itself. Default: none. */
  nodeFlags?: readonly string[];
  /** Its whole environment. */
  env: Environment;
  /** The line that says it is ready. Default: it is ready when the process exists. */
  ready?: RegExp | ((line: LogLine) => boolean);
  /** Time to become ready, in milliseconds. @default 20_000 */
  readyTimeoutMs?: number;
  /** Time between SIGTERM and SIGKILL when it is stopped, in milliseconds. @default 15_000 */
  stopGraceMs?: number;
  /** Called with each line it writes. Default: nobody. */
  log?: (line: LogLine) => void;
}

/** A program that runs, until it is killed or stopped. */
export interface Program {
  readonly name: string;
  readonly pid: number;
  /** The last 2,000 lines of stdout and stderr, oldest first. */
  readonly lines: readonly LogLine[];
  readonly exited: Promise<Exit>;
  /** Sends a signal; resolves when the process has ended, at once for SIGSTOP and SIGCONT. @default "SIGKILL" */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it with SIGTERM, or SIGKILL when that takes too long. Idempotent. */
  stop(): Promise<Exit>;
}

const TAIL_LINES = 40;

/** Starts a program and resolves when it is ready; throws with what it wrote when it ends before or takes too long. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const {
    name,
    script,
    args = [],
    nodeFlags = [],
    env,
    ready,
    readyTimeoutMs = 20_000,
    stopGraceMs = 15_000,
    log,
  } = options;
  let isReady = ready === undefined;
  const child = await startChild({
    command: process.execPath,
    args: [...nodeFlags, script, ...args],
    env,
    onLine(line) {
      isReady ||= ready instanceof RegExp ? ready.test(line.text) : (ready?.(line) ?? false);
      log?.(line);
    },
  });
  try {
    await eventually(() => isReady || !child.isRunning(), { timeoutMs: readyTimeoutMs, message: "no line said ready" });
    if (!isReady) {
      const { code, signal } = await child.exited;
      throw new Error(`it ended with ${signal ?? `code ${code}`}`);
    }
  } catch (error) {
    await child.kill("SIGKILL");
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${name} did not become ready: ${reason}\n${child.tail(TAIL_LINES)}`, { cause: error });
  }
  return {
    name,
    pid: child.pid,
    lines: child.lines,
    exited: child.exited,
    kill: (signal = "SIGKILL") => child.kill(signal),
    stop: () => child.stop(stopGraceMs),
  };
}
