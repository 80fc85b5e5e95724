/**
 * Samples of what processes use: resident memory of gateways and couriers twice a second, and the keys in Redis when asked.
 *
 * Keys of the dedupe window are not counted: they expire by themselves, and how many there are is a matter of rate. Neither
 * are dead letters, which wait for people.
 */
import { readFile } from "node:fs/promises";
import { queuePrefix } from "@doorstep/store";
import { redisCall } from "@doorstep/testkit";

import type { History } from "./history.ts";
import type { SoakHub } from "./hub.ts";
import type { RedisFixture } from "./redis.ts";

const INTERVAL_MS = 500;
const PAGE_BYTES = 4_096;
const SCAN_COUNT = 1_000;
const DEDUPE_KEY = /^ds:\{\d+\}:id:/;
const DEAD_LETTER_KEY = `${queuePrefix("dl")}:dead-letter:dl.`;

/** Begins to sample; the answer ends it. */
export function startSampling(hub: SoakHub, history: History): () => void {
  const sample = async (): Promise<void> => {
    for (const { name, pid } of [...hub.gateways, ...hub.couriers]) {
      const rssBytes = await readRss(pid);
      if (rssBytes !== undefined) history.log({ op: "sample", atMs: Date.now(), process: name, rssBytes });
    }
  };
  const timer = setInterval(() => void sample(), INTERVAL_MS);
  return () => clearInterval(timer);
}

/** Counts the keys of all masters and logs them. */
export async function sampleKeys(redis: RedisFixture, history: History): Promise<void> {
  let redisKeys = 0;
  for (const { port } of redis.servers) redisKeys += await countKeys(port);
  history.log({ op: "sample", atMs: Date.now(), process: "redis", redisKeys });
}

async function countKeys(port: number): Promise<number> {
  const role = String(await redisCall(port, "INFO", "replication"));
  if (!role.includes("role:master")) return 0;
  let count = 0;
  for (let next = "0"; ;) {
    const [after, keys] = (await redisCall(port, "SCAN", next, "COUNT", SCAN_COUNT)) as [string, string[]];
    count += keys.filter((key) => !DEDUPE_KEY.test(key) && !key.startsWith(DEAD_LETTER_KEY)).length;
    if (after === "0") return count;
    next = after;
  }
}

/** Where there is no /proc, and when the process is gone, there is nothing to tell. */
async function readRss(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/statm`, "utf8").catch(() => undefined);
  const pages = Number(text?.split(" ")[1]);
  return Number.isFinite(pages) ? pages * PAGE_BYTES : undefined;
}
