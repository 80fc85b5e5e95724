/**
 * A child process that is collected, stopped and never outlives its parent.
 *
 * Output is kept as the last lines of stdout and stderr together, for errors and for whoever waits for a line. Children
 * run in a session of their own: Ctrl-C reaches the parent only, which then stops them in its order. A parent that dies
 * without stopping them, also by SIGKILL, takes them along: a `sh` holds the read end of a pipe that only the parent
 * writes to, and kills the child when that pipe closes.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

import type { Environment } from "./environment.ts";

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A line that a process wrote. */
export interface LogLine {
  readonly text: string;
  /** The line as an object, when it is JSON as our programs log; empty otherwise. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What to run. */
export interface ChildOptions {
  command: string;
  args: string[];
  /** Its whole environment. Default: the parent's. */
  env?: Environment;
  /** Called with every line of stdout and stderr. */
  onLine?: (line: LogLine) => void;
}

/** A running (or ended) child. */
export interface Child {
  readonly pid: number;
  /** The last lines it wrote, oldest first, at most 2,000. */
  readonly lines: readonly LogLine[];
  /** Resolves when it has ended and its output is read. */
  readonly exited: Promise<Exit>;
  isRunning(): boolean;
  /** Sends a signal and does not wait; false when it has ended. */
  signal(name: NodeJS.Signals): boolean;
  /** Sends a signal and waits for the end; at once for SIGSTOP and SIGCONT. */
  kill(name: NodeJS.Signals): Promise<void>;
  /** Asks with SIGTERM, insists with SIGKILL after `graceMs`, resolves when it has ended. Wakes a frozen process. */
  stop(graceMs: number): Promise<Exit>;
  /** Its last `count` lines as one text, for errors. */
  tail(count: number): string;
}

const MAX_LINES = 2_000;

/** Starts a process; throws when it cannot be started at all (no such file, no permission). */
export async function startChild({ command, args, env, onLine }: ChildOptions): Promise<Child> {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    ...(env === undefined ? {} : { env }),
  });
  const lines: LogLine[] = [];
  const keep = (text: string): void => {
    const line = { text, fields: parseFields(text) };
    lines.push(line);
    if (lines.length > MAX_LINES) lines.shift();
    onLine?.(line);
  };
  // `close` comes after `exit`, when the output is read to its end: what was written last tells why it ended.
  const exited = new Promise<Exit>((resolve) => {
    child.once("close", (code: number | null, signal: NodeJS.Signals | null) => resolve({ code, signal }));
  });
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on("line", keep);
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", resolve);
  });
  endWithParent(child);
  return { pid: Number(child.pid), lines, exited, ...controls(child, exited), tail: (count) => textOf(lines, count) };
}

function controls(child: ChildProcess, exited: Promise<Exit>): Pick<Child, "isRunning" | "signal" | "kill" | "stop"> {
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  const signal = (name: NodeJS.Signals): boolean => isRunning() && child.kill(name);
  return {
    isRunning,
    signal,
    async kill(name) {
      signal(name);
      if (name !== "SIGSTOP" && name !== "SIGCONT") await exited;
    },
    async stop(graceMs) {
      const insist = setTimeout(() => signal("SIGKILL"), graceMs);
      signal("SIGTERM");
      signal("SIGCONT");
      const exit = await exited;
      clearTimeout(insist);
      return exit;
    },
  };
}

/** Kills the child when this process is gone; the guard itself ends with the child. */
function endWithParent(child: ChildProcess): void {
  const guard = spawn("/bin/sh", ["-c", 'read -r _; kill -9 "$0"', String(child.pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  guard.unref();
  child.once("exit", () => guard.kill("SIGKILL"));
}

function parseFields(text: string): Readonly<Record<string, unknown>> {
  if (!text.startsWith("{")) return {};
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    // A line that only looks like JSON is text.
    return {};
  }
}

function textOf(lines: readonly LogLine[], count: number): string {
  return lines
    .slice(-count)
    .map((line) => line.text)
    .join("\n");
}
