/** What a Redis spent on something: CPU as the operating system tells it, memory and bytes as Redis does. */
import { setImmediate as immediate } from "node:timers/promises";
import { aofBytes, redisCall, type RedisServer } from "@doorstep/testkit";

import { readThreadCpuS } from "../../usage.ts";

export interface Spent {
  readonly cpuUs: number;
  readonly memoryBytes: number;
  readonly inBytes: number;
  readonly outBytes: number;
  readonly fileBytes: number;
}

const US_PER_S = 1e6;
/** Requests that are made while a process is stopped: they fit into what the system keeps for a connection. */
const BURST = 250;

/** Runs something and tells what Redis spent meanwhile. */
export async function spentBy(redis: RedisServer, run: () => Promise<unknown>): Promise<Spent> {
  const before = await read(redis);
  // Read last before and first after, so that asking for the rest does not count.
  const cpuBeforeUs = await cpuUsOf(redis.pid);
  await run();
  const cpuUs = (await cpuUsOf(redis.pid)) - cpuBeforeUs;
  const after = await read(redis);
  return {
    cpuUs,
    memoryBytes: after.memoryBytes - before.memoryBytes,
    inBytes: after.inBytes - before.inBytes,
    outBytes: after.outBytes - before.outBytes,
    fileBytes: after.fileBytes - before.fileBytes,
  };
}

/** Makes requests while Redis is stopped and lets it go, again and again: it finds them all at once and is never idle. */
export async function inBursts(
  redis: RedisServer,
  count: number,
  request: (n: number) => Promise<unknown>,
  atOnce: number = BURST,
): Promise<void> {
  for (let n = 0; n < count; n += atOnce) {
    await redis.kill("SIGSTOP");
    const requests = Array.from({ length: Math.min(atOnce, count - n) }, (_, i) => request(n + i));
    await immediate();
    await immediate();
    await redis.kill("SIGCONT");
    await Promise.all(requests);
  }
}

/** CPU that a process has used so far. */
export async function cpuUsOf(pid: number): Promise<number> {
  return (await readThreadCpuS(pid)) * US_PER_S;
}

async function read(redis: RedisServer): Promise<Omit<Spent, "cpuUs">> {
  const info = String(await redisCall(redis.port, "INFO", "everything"));
  const field = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1]);
  return {
    memoryBytes: field("used_memory"),
    inBytes: field("total_net_input_bytes"),
    outBytes: field("total_net_output_bytes"),
    fileBytes: await aofBytes(redis),
  };
}
