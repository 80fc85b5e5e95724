/**
 * The store: everything Doorstep knows of Redis, opened from one URL.
 *
 * It holds one command connection. Subscribers and queue connections are separate ones, opened on demand and closed
 * with the store.
 */
import { DoorstepError } from "@doorstep/protocol";
import { onReconnect, openConnection, type RedisConnection, toStoreError } from "./connection.ts";
import { Custody } from "./custody.ts";
import { DEFAULT_LIMITS, keepMs, type StoreLimits } from "./limit.ts";
import { History } from "./history.ts";
import { Log } from "./log.ts";
import { Presence } from "./presence.ts";
import { PushSubscriptions } from "./push-subscription.ts";
import { Receipts } from "./receipt.ts";
import { Scripts } from "./script.ts";
import { Subscriber, type SubscriberHandlers } from "./subscriber.ts";
import { batchUsers } from "./user-batch.ts";
import { DEFAULT_PARTITIONS, HUB_KEYS, type UserKeys } from "./user-key.ts";
import { Witness } from "./witness.ts";

export interface StoreOptions {
  /** A REDIS_URL, or an ioredis client, which is duplicated and never used itself. */
  readonly redis: string | RedisConnection;
  /** @default DEFAULT_LIMITS */
  readonly limits?: Partial<StoreLimits>;
  /** A power of two up to 16,384; the same for a hub's whole life. @default 1024 */
  readonly partitions?: number;
  /** How long to wait for Redis. @default 10000 */
  readonly connectTimeoutMs?: number;
  /** Told how many events a full mailbox let go of (policy drop_oldest). Default: nobody; the users are told in any case. */
  readonly onOverflow?: (events: number) => void;
}

export interface Store {
  readonly log: Log;
  readonly custody: Custody;
  readonly presence: Presence;
  readonly receipts: Receipts;
  readonly pushSubscriptions: PushSubscriptions;
  readonly history: History;
  readonly limits: StoreLimits;
  readonly partitions: number;
  /** Splits users into batches of one call each, such as of `log.heads`. @default 256 users at most */
  batch<T extends { readonly keys: UserKeys }>(users: Iterable<T>, most?: number): T[][];
  /** Whether the command connection is up. */
  isReady(): boolean;
  /** Calls back whenever the command connection, or one to a node of a Cluster, is ready again. */
  onReconnect(callback: () => void): void;
  /** Asks Redis for an answer; throws UNAVAILABLE. */
  ping(): Promise<void>;
  /** Redis' clock, milliseconds since 1970; throws UNAVAILABLE. */
  nowMs(): Promise<number>;
  /** Records a number that every program of the hub has to share; throws SETTINGS_MISMATCH for another one. */
  requireSetting(name: "mailboxQueues", value: number): Promise<void>;
  openSubscriber(handlers: SubscriberHandlers): Promise<Subscriber>;
  /** A connection for BullMQ or the Socket.IO adapter; closed with the store. */
  openConnection(role: "queue" | "subscriber" | "command"): Promise<RedisConnection>;
  /** Closes every connection; idempotent. */
  close(): Promise<void>;
}

/** Oldest Redis that knows sharded pub/sub and script flags. */
const OLDEST_MAJOR = 7;

/**
 * Connects to standalone Redis, Sentinel or Cluster. Throws UNAVAILABLE where Redis does not answer in time and
 * SETTINGS_MISMATCH where it is too old or was first used with another number of partitions.
 */
export async function connectStore(options: StoreOptions): Promise<Store> {
  const limits = Object.freeze({ ...DEFAULT_LIMITS, ...options.limits });
  const partitions = options.partitions ?? DEFAULT_PARTITIONS;
  if (partitions < 1 || partitions > 16_384 || !Number.isInteger(Math.log2(partitions))) {
    throw new RangeError(`partitions has to be a power of two up to 16384, not ${partitions}`);
  }
  const redis = await openConnection(options.redis, "command", options.connectTimeoutMs);
  const opened: RedisConnection[] = [redis];
  const subscribers: Subscriber[] = [];
  try {
    await checkVersion(redis);
    await requireSetting(redis, "partitions", partitions);
  } catch (error) {
    redis.disconnect();
    throw toStoreError(error);
  }
  const scripts = new Scripts(redis);
  const history = new History(redis, scripts);
  const witness = new Witness(scripts, history, keepMs(limits));
  const open = async (role: "queue" | "subscriber" | "command"): Promise<RedisConnection> => {
    const connection = await openConnection(redis, role, options.connectTimeoutMs);
    opened.push(connection);
    return connection;
  };
  return {
    log: new Log(scripts, limits, partitions, witness, options.onOverflow ?? (() => undefined)),
    custody: new Custody(redis, scripts, limits, partitions),
    presence: new Presence(redis, scripts),
    receipts: new Receipts(scripts, limits),
    pushSubscriptions: new PushSubscriptions(scripts),
    history,
    limits,
    partitions,
    batch: (users, most) => batchUsers(users, redis.isCluster, most),
    isReady: () => redis.status === "ready",
    onReconnect: (callback) => onReconnect(redis, callback),
    ping: async () => {
      await coded(redis.ping());
    },
    nowMs: async () => {
      const [seconds, micros] = await coded(redis.time());
      return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
    },
    requireSetting: (name, value) => coded(requireSetting(redis, name, value)),
    openSubscriber: async (handlers) => {
      const subscriber = new Subscriber(await open("subscriber"), handlers);
      subscribers.push(subscriber);
      await subscriber.start();
      return subscriber;
    },
    openConnection: open,
    close: async () => {
      for (const subscriber of subscribers.splice(0)) subscriber.close();
      await Promise.all(opened.splice(0).map(closeConnection));
    },
  };
}

function coded<T>(reply: Promise<T>): Promise<T> {
  return reply.catch((error: unknown) => {
    throw toStoreError(error);
  });
}

async function closeConnection(connection: RedisConnection): Promise<void> {
  if (connection.status !== "ready") {
    connection.disconnect();
    return;
  }
  // QUIT lets replies in flight arrive; a connection that broke meanwhile is closed all the same.
  await connection.quit().catch(() => connection.disconnect());
}

async function checkVersion(redis: RedisConnection): Promise<void> {
  const info = await redis.info("server");
  const version = /^redis_version:(\d+)\.(\S+)/m.exec(info);
  if (version === null || Number(version[1]) < OLDEST_MAJOR) {
    throw new DoorstepError(
      "SETTINGS_MISMATCH",
      `Redis >= 7 or Valkey >= 7.2 is needed, this is ${version?.[0] ?? "unknown"}`,
    );
  }
}

/** Records a setting of the whole hub at its first use, and refuses another value from then on. */
async function requireSetting(redis: RedisConnection, name: string, value: number): Promise<void> {
  // Read first: a write is refused when memory is full, and programs have to start then too.
  let recorded = await redis.hget(HUB_KEYS.meta, name);
  if (recorded === null) {
    await redis.hsetnx(HUB_KEYS.meta, name, value);
    recorded = await redis.hget(HUB_KEYS.meta, name);
  }
  if (Number(recorded) !== value) {
    throw new DoorstepError(
      "SETTINGS_MISMATCH",
      `this Redis was first used with ${name} ${recorded}, not ${value}; use the recorded number or an empty Redis`,
    );
  }
}
