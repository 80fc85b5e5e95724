/**
 * What held events take in Redis, per event, all keys of their users and queues included. With a log of one event this is
 * the parcel's cost, and promised; with the default the log has the events as well.
 */
import { type Figure, type Limit, redisCall } from "@doorstep/testkit";

import { type Away, eventsOf } from "./away.ts";
import { LOG_LEAST, type OfflineHub } from "./hub.ts";
import { fill } from "./publish.ts";

/** What is promised of an event with a body of 300 bytes. */
const MAX_BYTES: Limit = { kind: "at most", value: 450 };
/** Somebody else, whose parcel comes first: scripts and what belongs to a queue are not counted with the events. */
const FIRST: Away = { prefix: "first-", users: 1, eventsEach: 1, eventsPerS: 1_000 };

/** Fills the mailboxes of users who are away and measures what that takes; a courier has to run. */
export async function measureFootprint(hub: OfflineHub, away: Away, where: string): Promise<Figure> {
  await fill(hub, FIRST);
  const beforeBytes = await readUsedMemory(hub);
  await fill(hub, away);
  const bytes = ((await readUsedMemory(hub)) - beforeBytes) / eventsOf(away);
  const limit = hub.logMaxEvents === LOG_LEAST ? { limit: MAX_BYTES } : {};
  return { name: `${where}: a held event in Redis`, value: bytes, unit: "bytes", ...limit };
}

/** Bytes that Redis has allocated. */
async function readUsedMemory({ redis }: OfflineHub): Promise<number> {
  const info = String(await redisCall(redis.port, "INFO", "memory"));
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
}
