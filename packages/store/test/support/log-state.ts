/** Where a user's log stands, as it lies in Redis: field `log` of the user hash unpacked. */
import type { RedisConnection, UserKeys } from "../../src/index.ts";

const FIELDS = ["head", "dhead", "c", "n", "b", "due", "floor"] as const;
const NONE = "0-0 0-0 0 0 0 0 ";

type LogState = Record<(typeof FIELDS)[number], string>;

/** Reads it past the store. */
export async function logState(redis: RedisConnection, keys: UserKeys): Promise<LogState> {
  const values = ((await redis.hget(keys.user, "log")) ?? NONE).split(" ");
  return Object.fromEntries(FIELDS.map((field, i) => [field, values[i] ?? ""])) as LogState;
}

/** Changes a part of it past the store. */
export async function setLogState(redis: RedisConnection, keys: UserKeys, change: Partial<LogState>): Promise<void> {
  const state = { ...(await logState(redis, keys)), ...change };
  await redis.hset(keys.user, "log", FIELDS.map((field) => state[field]).join(" "));
}
