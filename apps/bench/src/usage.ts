/**
 * What a measurement costs: CPU per role as the operating system tells it, memory, and what Redis was asked.
 *
 * CPU is the nanoseconds that each thread ran (/proc/<pid>/task/<tid>/schedstat); the ticks of /proc/<pid>/stat are 10 ms
 * wide and are read where the kernel has nothing finer. A process that ended meanwhile counts from its end on as idle.
 */
import { readdir, readFile } from "node:fs/promises";
import { readCpuS, readMemory, redisCall } from "@doorstep/testkit";

/** Which processes do what; several may have one role. */
export type Roles = Readonly<Record<string, readonly number[]>>;

export interface Usage {
  /** Seconds between begin and end. */
  readonly seconds: number;
  /** Seconds of CPU by role. */
  readonly cpuS: Readonly<Record<string, number>>;
  /** Resident memory by role at the end, all its processes together. */
  readonly rssMb: Readonly<Record<string, number>>;
  readonly redis: RedisUsage;
}

export interface RedisUsage {
  /** Commands that were run, those inside scripts included. */
  readonly commands: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Calls by command, such as `xadd`. */
  readonly calls: Readonly<Record<string, number>>;
}

const NS_PER_S = 1e9;
const MS_PER_S = 1_000;

/** Begins to watch; the answer ends it and tells what was used in between. */
export async function watchUsage(roles: Roles, redisPort: number): Promise<() => Promise<Usage>> {
  const redisBefore = await readRedis(redisPort);
  const before = await readAllCpu(roles);
  const beganAtMs = performance.now();
  return async () => {
    const seconds = (performance.now() - beganAtMs) / MS_PER_S;
    const after = await readAllCpu(roles);
    const redis = difference(await readRedis(redisPort), redisBefore);
    const cpuS: Record<string, number> = {};
    for (const [role, pids] of Object.entries(roles)) {
      cpuS[role] = sum(pids.map((pid) => Math.max(0, (after.get(pid) ?? 0) - (before.get(pid) ?? 0))));
    }
    return { seconds, cpuS, rssMb: await readRss(roles), redis };
  };
}

/** Resident memory by role now, in MB, all its processes together. */
export async function readRss(roles: Roles): Promise<Record<string, number>> {
  const entries = Object.entries(roles).map(
    async ([role, pids]) => [role, sum(await Promise.all(pids.map((pid) => readRssMb(pid))))] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** Seconds of CPU of all threads of a process so far; 0 for a process that is gone. */
export async function readThreadCpuS(pid: number): Promise<number> {
  const folder = `/proc/${pid}/task`;
  try {
    const threads = await readdir(folder);
    const texts = await Promise.all(threads.map((thread) => readFile(`${folder}/${thread}/schedstat`, "utf8")));
    return sum(texts.map((text) => Number(text.split(" ")[0]))) / NS_PER_S;
  } catch {
    // A kernel without these figures, a thread that ended in between, or no such process.
    return readCpuS(pid).catch(() => 0);
  }
}

async function readAllCpu(roles: Roles): Promise<Map<number, number>> {
  const pids = Object.values(roles).flat();
  return new Map(await Promise.all(pids.map(async (pid) => [pid, await readThreadCpuS(pid)] as const)));
}

/** 0 for a process that is gone. */
async function readRssMb(pid: number): Promise<number> {
  return readMemory(pid).then(
    ({ rssMb }) => rssMb,
    () => 0,
  );
}

async function readRedis(port: number): Promise<RedisUsage> {
  const stats = String(await redisCall(port, "INFO", "stats"));
  const commands = String(await redisCall(port, "INFO", "commandstats"));
  const field = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(stats)?.[1]);
  const calls = [...commands.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name, count]) => [
    name,
    Number(count),
  ]);
  return {
    commands: field("total_commands_processed"),
    bytesIn: field("total_net_input_bytes"),
    bytesOut: field("total_net_output_bytes"),
    calls: Object.fromEntries(calls) as Record<string, number>,
  };
}

function difference(after: RedisUsage, before: RedisUsage): RedisUsage {
  const calls = Object.entries(after.calls).map(([name, count]) => [name, count - (before.calls[name] ?? 0)] as const);
  return {
    commands: after.commands - before.commands,
    bytesIn: after.bytesIn - before.bytesIn,
    bytesOut: after.bytesOut - before.bytesOut,
    calls: Object.fromEntries(calls.filter(([, count]) => count > 0)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
