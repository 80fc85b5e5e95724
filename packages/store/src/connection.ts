/**
 * Connections to Redis, one policy per role (faults.md finding 1):
 *
 *   command     appends, acks, reads. Never re-sends by itself (an in-flight append would run twice), never queues while
 *               disconnected (memory), times out: the caller learns UNAVAILABLE and decides.
 *   subscriber  sharded pub/sub only; resubscribes and keeps trying for ever. Without a timeout: ioredis and the Socket.IO
 *               adapter subscribe without awaiting it, and a rejection that nobody awaits ends the process.
 *   queue       for BullMQ, which waits for ever and insists on `maxRetriesPerRequest: null`.
 *
 * A demoted master answers READONLY on a connection for ever: that error reconnects.
 */
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from "ioredis";
import { DoorstepError } from "@doorstep/protocol";
import { parseRedisUrl, type RedisTarget } from "./redis-url.ts";

export type RedisConnection = Redis | Cluster;

/** Replies in the shapes of RESP2, whatever protocol the connection speaks: what BullMQ and our own code expect. */
type Options = RedisOptions & { replyMapping: "legacy" };
export type ConnectionRole = "command" | "subscriber" | "queue";

/** How long a command may take before its caller is told UNAVAILABLE. */
const COMMAND_TIMEOUT_MS = 5_000;
/** Nobody gets anything while a Redis that is back is not noticed; a refused connection costs both sides next to nothing. */
const MAX_RECONNECT_DELAY_MS = 500;
/** How long a connection may owe an answer before it is given up: a dead link raises no error by itself. */
const SILENCE_MS = 4_000;
const CONNECT_TIMEOUT_MS = 2_000;

/** Spelt out, since a duplicate inherits what the connection it is made of was told. */
const PATIENT: RedisOptions = {
  autoResendUnfulfilledCommands: true,
  enableOfflineQueue: true,
  maxRetriesPerRequest: null,
  commandTimeout: undefined,
  socketTimeout: undefined,
};

const ROLE_OPTIONS: Record<ConnectionRole, RedisOptions> = {
  command: {
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: SILENCE_MS,
  },
  subscriber: { ...PATIENT, autoResubscribe: true, socketTimeout: SILENCE_MS },
  queue: PATIENT,
};

/** Opens a connection and waits until it is ready; throws UNAVAILABLE after `timeoutMs` (default 10,000). */
export async function openConnection(
  redis: string | RedisConnection,
  role: ConnectionRole,
  timeoutMs = 10_000,
): Promise<RedisConnection> {
  const connection = typeof redis === "string" ? create(parseRedisUrl(redis), role) : duplicate(redis, role);
  let lastError: unknown;
  // ioredis reports every failed attempt here; without a listener it would print them.
  connection.on("error", (error: unknown) => (lastError = error));
  try {
    await ready(connection, timeoutMs);
    if (connection.isCluster && role === "command") await connectNodes(connection as Cluster);
    return connection;
  } catch (error) {
    connection.disconnect();
    const reason = lastError instanceof Error ? lastError.message || lastError.name : "no answer";
    throw new DoorstepError("UNAVAILABLE", `no connection within ${timeoutMs} ms (${reason})`, { cause: error });
  }
}

async function ready(connection: RedisConnection, timeoutMs: number): Promise<void> {
  if (connection.status === "ready") return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("timed out")), timeoutMs);
    connection.once("ready", () => {
      clearTimeout(timer);
      resolve();
    });
    // Rejections of connect() are attempts that failed; the retry strategy goes on until the deadline.
    if (connection.status === "wait") connection.connect().catch((error: unknown) => connection.emit("error", error));
  });
}

/**
 * A Cluster is ready before its nodes are connected, and without a queue it refuses what is sent meanwhile. A node that is
 * down keeps nobody from the others.
 */
async function connectNodes(cluster: Cluster): Promise<void> {
  await Promise.allSettled(cluster.nodes("master").map((node) => node.ping()));
}

function create(target: RedisTarget, role: ConnectionRole): RedisConnection {
  const [first] = target.nodes;
  const login: RedisOptions = {
    ...(target.username === undefined ? {} : { username: target.username }),
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(target.tls ? { tls: {} } : {}),
  };
  const options: Options = { ...login, ...commonOptions(role) };
  if (target.kind === "cluster") return new Cluster([...target.nodes], clusterOptions(options, role));
  if (target.kind === "sentinel") {
    return new Redis({
      ...options,
      sentinels: [...target.nodes],
      name: target.master ?? "",
      ...(target.tls ? { enableTLSForSentinelMode: true } : {}),
    });
  }
  return new Redis({ ...options, host: first?.host ?? "127.0.0.1", port: first?.port ?? 6379, db: target.db ?? 0 });
}

function duplicate(redis: RedisConnection, role: ConnectionRole): RedisConnection {
  if (redis instanceof Cluster || "nodes" in redis) {
    const cluster = redis as Cluster;
    return cluster.duplicate([], clusterOptions({ ...cluster.options.redisOptions, ...commonOptions(role) }, role));
  }
  return redis.duplicate(commonOptions(role));
}

function commonOptions(role: ConnectionRole): Options {
  return {
    ...ROLE_OPTIONS[role],
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    connectionName: `doorstep-${role}`,
    // A caller's client may have one; the hub's keys have the same names for everybody.
    keyPrefix: "",
    retryStrategy: (attempt) =>
      Math.min(MAX_RECONNECT_DELAY_MS, 50 * 2 ** Math.min(attempt, 6)) * (0.5 + Math.random() / 2),
    replyMapping: "legacy",
    reconnectOnError: (error) => (error.message.startsWith("READONLY") ? 2 : false),
  };
}

function clusterOptions(redisOptions: Options, role: ConnectionRole): ClusterOptions & { redisOptions: Options } {
  return {
    lazyConnect: true,
    redisOptions,
    keyPrefix: "",
    enableOfflineQueue: role !== "command",
    // Otherwise a Cluster sends again what was in flight when a connection broke, whatever the connection was told.
    retryDelayOnFailover: role === "command" ? 0 : 200,
    shardedSubscribers: role === "subscriber",
    slotsRefreshInterval: 5_000,
    clusterRetryStrategy: (attempt) => Math.min(MAX_RECONNECT_DELAY_MS, 100 * attempt),
  };
}

/** Calls back whenever a connection, or one to a node of a Cluster, is ready again. */
export function onReconnect(redis: RedisConnection, callback: () => void): void {
  if (!redis.isCluster) {
    redis.on("ready", callback);
    return;
  }
  const watch = (node: Redis): void => void node.on("ready", callback);
  for (const node of (redis as Cluster).nodes("all")) watch(node);
  redis.on("+node", watch);
}

/** Makes the coded error of a failed command. UNAVAILABLE is indeterminate: the command may have run. */
export function toStoreError(error: unknown): DoorstepError {
  if (error instanceof DoorstepError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = message.startsWith("OOM") || message.includes("-OOM") ? "STORE_FULL" : "UNAVAILABLE";
  return new DoorstepError(code, message.slice(0, 200), { cause: error });
}
