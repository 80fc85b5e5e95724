/** How many files a process may have open, connections included: Node takes the hard limit by itself, nobody can take more. */
import { readFile } from "node:fs/promises";

/** What a process has open beside its connections to clients. */
const OTHERS = 500;

/** Throws where one process cannot have so many connections; nothing is checked where the limit cannot be read. */
export async function assertOpenFiles(connections: number): Promise<void> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const most = hardLimit(limits);
  const needed = connections + OTHERS;
  if (most === undefined || most >= needed) return;
  throw new Error(`${needed} open files are needed and ${most} are allowed: raise \`ulimit -Hn\`, or use --scale`);
}

/** Reads the hard limit from the text of /proc/self/limits; undefined where there is none. */
export function hardLimit(limits: string): number | undefined {
  const most = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1];
  return most === undefined ? undefined : Number(most);
}
