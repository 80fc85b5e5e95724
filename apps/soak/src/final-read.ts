/**
 * The final read: what Redis and BullMQ hold of each user once the run is over, as operations of the history.
 *
 * Log and custody come from the store; the contents of parcels and dead letters from the hashes of their jobs, read raw:
 * whoever judges the hub should not ask the code that is judged.
 */
import { inflateRawSync } from "node:zlib";
import { bodyOf, queuePrefix, type RedisConnection, type Store } from "@doorstep/store";
import { isRecord, type Offset, ZERO_OFFSET } from "@doorstep/protocol";
import type { CustodyLine, StoredEvent } from "@doorstep/testkit";

import type { History } from "./history.ts";
import { idOf, readBody } from "./value.ts";

const PAGE_EVENTS = 1_000;
const PAGE_BYTES = 4 * 1024 * 1024;
const MAILBOX_JOB = `${queuePrefix("mb0")}:mailbox:`;
const DEAD_LETTERS = `${queuePrefix("dl")}:dead-letter:`;

/** Reads everything that is kept of the users and logs it. */
export async function readFinalState(store: Store, users: readonly string[], history: History): Promise<void> {
  const redis = await store.openConnection("command");
  for (const userId of users) await readUser(store, redis, userId, history);
  await readDeadLetters(store, redis, users, history);
}

async function readUser(store: Store, redis: RedisConnection, userId: string, history: History): Promise<void> {
  const keys = store.log.keysOf(userId);
  const first = await store.log.read(keys, ZERO_OFFSET, 1, PAGE_BYTES);
  const custody: CustodyLine[] = [];
  const held: StoredEvent[] = [];
  for (const entry of first.custody) {
    const { kind, from, to } = entry;
    custody.push(kind === "parcel" ? { kind, from, to } : { kind, from, to, reason: entry.reason });
    if (kind === "parcel") held.push(...parseEvents(await redis.hget(MAILBOX_JOB + entry.jobId, "data"), unpack));
  }
  const entries: StoredEvent[] = [];
  for (let after: Offset = first.trimmed; ;) {
    const page = await store.log.read(keys, after, PAGE_EVENTS, PAGE_BYTES);
    for (const entry of page.entries) entries.push({ offset: entry.offset, id: idOf(readBody(bodyOf(entry))) });
    const last = page.entries.at(-1);
    if (last === undefined) break;
    after = last.offset;
  }
  const { head, acked, trimmed } = first;
  history.log({ op: "log", userId, entries, head, acked, trimmed, custody });
  history.log({ op: "parcels", userId, events: held });
}

async function readDeadLetters(
  store: Store,
  redis: RedisConnection,
  users: readonly string[],
  history: History,
): Promise<void> {
  const byUid = new Map(users.map((userId) => [store.log.keysOf(userId).uid, userId]));
  // Delayed to the end of their retention.
  for (const jobId of await redis.zrange(`${DEAD_LETTERS}delayed`, "0", "-1")) {
    const data = await redis.hget(DEAD_LETTERS + jobId, "data");
    const letter: unknown = data === null ? undefined : JSON.parse(data);
    const userId = isRecord(letter) ? byUid.get(String(letter["uid"])) : undefined;
    if (userId !== undefined) history.log({ op: "deadLetters", userId, events: parseEvents(data) });
  }
}

/** A job that is gone holds nothing. `read` takes the events as the job's data has them; a dead letter's are plain. */
function parseEvents(data: string | null, read: (events: unknown) => unknown = (events) => events): StoredEvent[] {
  if (data === null) return [];
  const { events } = JSON.parse(data) as { events: unknown };
  return (read(events) as [Offset, string][]).map(([offset, body]) => ({ offset, id: idOf(readBody(body)) }));
}

/** A parcel has its events in base64, compressed by raw deflate. */
function unpack(events: unknown): unknown {
  return JSON.parse(inflateRawSync(Buffer.from(String(events), "base64")).toString("utf8"));
}
