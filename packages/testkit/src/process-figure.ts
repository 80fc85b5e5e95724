/** What processes use, as Linux tells it in /proc. Elsewhere these reject. */
import { readFile } from "node:fs/promises";

/** Ticks a second of the times in /proc/<pid>/stat: the same on every Linux of today. */
const TICKS_PER_S = 100;
/** Places of user and system time behind the name of the program, which may hold blanks. */
const USER_AT = 11;
const SYSTEM_AT = 12;
const KB_PER_MB = 1_024;

/** Seconds of CPU that a process has used so far. */
export async function readCpuS(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[USER_AT]) + Number(fields[SYSTEM_AT])) / TICKS_PER_S;
}

/** Resident memory of a process, now and at most so far, in MB. */
export async function readMemory(pid: number): Promise<{ rssMb: number; peakMb: number }> {
  const text = await readFile(`/proc/${pid}/status`, "utf8");
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) / KB_PER_MB;
  return { rssMb: field("VmRSS"), peakMb: field("VmHWM") };
}

/** Tells which share of one core processes use, by name: begins now, ends when the answer is called. */
export async function watchCpu(pids: Readonly<Record<string, number>>): Promise<() => Promise<Map<string, number>>> {
  const entries = Object.entries(pids);
  const read = (): Promise<number[]> => Promise.all(entries.map(([, pid]) => readCpuS(pid)));
  const before = await read();
  const beganAtMs = performance.now();
  return async () => {
    const after = await read();
    const spentS = (performance.now() - beganAtMs) / 1_000;
    return new Map(entries.map(([name], index) => [name, ((after[index] ?? 0) - (before[index] ?? 0)) / spentS]));
  };
}
