/**
 * What Redis spends on each request of the hub, through packages/store as gateways and publishers use it.
 *
 * Requests come in bursts, which tells what they cost a Redis that is at work; and events one at a time, which tells what it
 * costs besides to wake it.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createHub } from "@doorstep/agent";
import { type EncodedEvent, encodeEvent } from "@doorstep/protocol";
import { connectStore, type Store, type UserKeys } from "@doorstep/store";
import { type CleanUp, type RedisServer } from "@doorstep/testkit";

import { createBody } from "../../body.ts";
import { nowUs } from "../../clock.ts";
import type { Constants } from "../constants.ts";
import { startMaster } from "../masters.ts";
import { type Used, wakeUsOf } from "../wake.ts";
import { besideNeighbours } from "./neighbours.ts";
import { inBursts, type Spent, spentBy } from "./spent.ts";

const USERS = 1_000;
const EVENTS = 4_000;
const ALONE = 1_500;
const OFTEN_MS = 2;
const SELDOM = 400;
const SELDOM_MS = 10;
const PAGE_EVENTS = 20;
const PAGE_BYTES = 262_144;
const LOGGED = 32;
/** Users of one call of a head check. */
const CHECKED = 16;
const BATCH = 100;
const MS_PER_S = 1_000;
const SOURCE = "urn:bench";

/** Redis and a store on it, with users to whom something was published. */
interface Bed {
  readonly url: string;
  readonly redis: RedisServer;
  readonly store: Store;
  readonly cleanUp: CleanUp;
}

export async function measureStore(cleanUp: CleanUp): Promise<Partial<Constants>> {
  const { url, redis } = await startMaster(cleanUp);
  const store = await connectStore({ redis: url });
  cleanUp.add(() => store.close());
  const bed: Bed = { url, redis, store, cleanUp };
  // Scripts are loaded, and what runs here is compiled, before anything counts.
  await requestOf(bed, 1_000, (n) => publish(store, "warm", n));
  await acknowledge(bed, "warm", 100);
  const memory = await measureMemory(bed);
  return { ...memory, ...(await measureEvents(bed)), ...(await measureReads(bed)) };
}

async function measureMemory(bed: Bed): Promise<Partial<Constants>> {
  const { store } = bed;
  const first = await requestOf(bed, USERS, (n) => publish(store, "memory", n));
  const logged = await requestOf(bed, USERS, (n) => publish(store, "memory", n, LOGGED));
  const ids = await requestOf(bed, USERS, (n) => store.log.append(userOf("memory", n), [event(n, randomUUID())]));
  const redisEventBytes = logged.memoryBytes / LOGGED;
  return {
    redisEventBytes,
    redisUserBytes: first.memoryBytes - redisEventBytes,
    redisIdBytes: ids.memoryBytes - redisEventBytes,
  };
}

async function measureEvents(bed: Bed): Promise<Partial<Constants>> {
  const { store, cleanUp } = bed;
  const send = (n: number): Promise<unknown> => publish(store, "user", n % USERS);
  await requestOf(bed, USERS, send);
  const alone = await requestOf(bed, EVENTS, send);
  const batched = await measureBatched(bed);
  const subscriber = await store.openSubscriber({
    onPush: () => undefined,
    onMalformed: () => undefined,
    onRestored: () => undefined,
    onMark: () => undefined,
    onLost: () => undefined,
  });
  cleanUp.add(() => subscriber.close());
  for (let n = 0; n < USERS; n++) await subscriber.subscribe(keys(store, n));
  const heard = await requestOf(bed, EVENTS, send);
  // An event that comes alone is pushed alone, which is not what it adds to a push of many.
  const [often, seldom] = await besideNeighbours(async () => [
    await apart(bed, ALONE, OFTEN_MS),
    await apart(bed, SELDOM, SELDOM_MS),
  ]);
  for (let n = 0; n < USERS; n++) await subscriber.unsubscribe(keys(store, n));
  const again = await requestOf(bed, EVENTS, send);
  // Before and after, since a log costs more the longer it gets.
  const redisEventUs = (alone.cpuUs + again.cpuUs) / 2;
  const redisPushUs = heard.cpuUs - redisEventUs;
  return {
    redisEventUs,
    redisWakeUs: wakeUsOf(often, seldom, redisEventUs + redisPushUs),
    redisBatchedUs: batched,
    redisPushUs,
    publishBytes: alone.inBytes,
    pushBytes: heard.outBytes - alone.outBytes,
    aofBytes: alone.fileBytes,
  };
}

/** One event after the other, each alone. */
async function apart({ redis, store }: Bed, count: number, everyMs: number): Promise<Used> {
  const beganMs = performance.now();
  const { cpuUs } = await spentBy(redis, async () => {
    for (let n = 0; n < count; n++) {
      await publish(store, "user", n % USERS);
      await delay(everyMs);
    }
  });
  const seconds = (performance.now() - beganMs) / MS_PER_S;
  return { usPerS: cpuUs / seconds, requestsPerS: count / seconds };
}

/** As a publisher does who has many events at once, whatever the SDK makes of that. */
async function measureBatched({ url, redis }: Bed): Promise<number> {
  const hub = createHub({ redis: url, source: SOURCE });
  await hub.ready();
  const send = (n: number): Promise<unknown> =>
    hub.publishMany(
      Array.from({ length: BATCH }, (_, i) => ({
        to: { userId: userOf("user", (n * BATCH + i) % USERS) },
        type: "note",
        data: createBody(n, nowUs()),
      })),
    );
  try {
    await inBursts(redis, EVENTS / BATCH, send, 2);
    const { cpuUs } = await spentBy(redis, () => inBursts(redis, EVENTS / BATCH, send, 2));
    return cpuUs / EVENTS;
  } finally {
    await hub.close();
  }
}

async function measureReads(bed: Bed): Promise<Partial<Constants>> {
  const { store } = bed;
  const before = await Promise.all(Array.from({ length: USERS }, (_, n) => store.log.read(keys(store, n), "$", 1, 1)));
  await requestOf(bed, USERS, (n) => publish(store, "user", n, PAGE_EVENTS));
  const pages = await requestOf(
    bed,
    USERS,
    (n) => store.log.read(keys(store, n), before[n]?.head ?? "", PAGE_EVENTS, PAGE_BYTES),
    // What they answer is large.
    50,
  );
  const one = await requestOf(bed, USERS, (n) => store.log.heads([keys(store, n)]));
  const together = await neighbours(store, CHECKED);
  const many = await requestOf(bed, USERS, () => store.log.heads(together));
  const acks = await acknowledge(bed, "user", USERS);
  const redisHeadUs = (many.cpuUs - one.cpuUs) / (CHECKED - 1);
  return {
    redisPageUs: pages.cpuUs,
    redisHeadUs,
    redisHeadCallUs: one.cpuUs - redisHeadUs,
    redisAckUs: acks.cpuUs,
  };
}

/** Acknowledges everything of some users, as their gateways do. */
async function acknowledge(bed: Bed, prefix: string, users: number): Promise<Spent> {
  const { store } = bed;
  const all = Array.from({ length: users }, (_, n) => store.log.keysOf(userOf(prefix, n)));
  const pages = await Promise.all(all.map((user) => store.log.read(user, "$", 1, 1)));
  return requestOf(bed, users, (n) => {
    const { head = "", acked = "" } = pages[n] ?? {};
    const client = { clientId: `client-${n}`, since: acked, isResumed: true };
    return store.log.ack(all[n] ?? keys(store, n), head, client);
  });
}

/** What one request costs of many that come in bursts. */
async function requestOf(
  { redis }: Bed,
  count: number,
  request: (n: number) => Promise<unknown>,
  atOnce?: number,
): Promise<Spent> {
  const spent = await spentBy(redis, () => inBursts(redis, count, request, atOnce));
  return Object.fromEntries(Object.entries(spent).map(([name, value]) => [name, value / count])) as unknown as Spent;
}

function publish(store: Store, prefix: string, n: number, events = 1): Promise<unknown> {
  const batch = Array.from({ length: events }, (_, i) => event(n + i));
  return store.log.append(userOf(prefix, n), batch);
}

function event(n: number, id?: string): EncodedEvent {
  const input = { type: "note", source: SOURCE, data: createBody(n, nowUs()), id };
  return encodeEvent(input, randomUUID, Date.now());
}

function userOf(prefix: string, n: number): string {
  return `${prefix}-${n}`;
}

function keys(store: Store, n: number): UserKeys {
  return store.log.keysOf(userOf("user", n));
}

/** Users of one partition, as a head check asks for them, each with a log. */
async function neighbours(store: Store, count: number): Promise<UserKeys[]> {
  const { partition } = keys(store, 0);
  const found: UserKeys[] = [];
  for (let n = 0; found.length < count; n++) {
    const user = keys(store, n);
    if (user.partition !== partition) continue;
    if (n >= USERS) await publish(store, "user", n);
    found.push(user);
  }
  return found;
}
