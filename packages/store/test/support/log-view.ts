/** The log as it lies in Redis, field m unpacked. */
import type { RedisConnection, UserKeys } from "../../src/index.ts";

export interface StoredEntry {
  readonly offset: string;
  readonly body: string;
  readonly prev: string;
  readonly count: number;
  readonly durableCount: number;
  readonly durableBytes: number;
  readonly letter: string;
}

/** Reads a user's whole log past the store. */
export async function storedLog(redis: RedisConnection, keys: UserKeys): Promise<StoredEntry[]> {
  const entries = await redis.xrange(keys.log, "-", "+");
  return entries.map(([offset, [, tail = "", , packed = ""]]) => {
    const [prev = "", count, durableCount, durableBytes, letter = ""] = packed.split(" ");
    return {
      offset,
      body: `{${tail}`,
      prev,
      count: Number(count),
      durableCount: Number(durableCount),
      durableBytes: Number(durableBytes),
      letter,
    };
  });
}

/** Offsets of a user's log past the store. */
export async function storedOffsets(redis: RedisConnection, keys: UserKeys): Promise<string[]> {
  return (await storedLog(redis, keys)).map((entry) => entry.offset);
}
