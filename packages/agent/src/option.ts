/** Options of the hub: what they mean, their defaults, and the checks at construction. */
import type {
  DeliveryClass,
  DoorstepError,
  Durability,
  EventId,
  Json,
  RunId,
  ThreadId,
  UserId,
} from "@doorstep/protocol";
import { MAX_REPLICA_TIMEOUT_MS, type StoreLimits, type StoreOptions } from "@doorstep/store";

/** How text deltas are put together before they are published. */
export interface CoalesceOptions {
  /** Shortest time between two deltas of a message, in milliseconds; the first one never waits. @default 40 */
  windowMs: number;
  /** A delta of this many UTF-16 units goes out before its window ends. @default 2048 */
  maxChars: number;
}

/** What may wait in this process for Redis to answer. */
export interface BufferOptions {
  /** Events of runs, over all users; above it `write()` answers false and everything else waits. @default 10000 */
  maxEvents: number;
  /** How long an event of a run is retried before the run fails, in milliseconds. @default 60000 */
  timeoutMs: number;
}

/** Options of `createHub`. */
export interface HubOptions {
  /** A `REDIS_URL` (redis, rediss, redis+sentinel, redis+cluster) or an ioredis client, which stays the caller's. */
  redis: StoreOptions["redis"];
  /** Who publishes: the CloudEvents `source` of every event, e.g. `urn:svc:research`. */
  source: string;
  /** Limits that differ from the store's own; every program has to have the same. */
  limits?: Partial<StoreLimits>;
  coalesce?: Partial<CoalesceOptions>;
  buffer?: Partial<BufferOptions>;
  /** How long a publish is retried while Redis is away or full, in milliseconds. @default 10000 */
  timeoutMs?: number;
  /**
   * What a publish that does not say, and every event of a run, waits for: the log of the master, or `limits.minReplicas`
   * replicas as well, for `limits.replicaTimeoutMs` a try. @default "logged"
   */
  durability?: Durability;
  /** How long a cancelled run may take to settle before it is ended over its head, in milliseconds. @default 5000 */
  cancelGraceMs?: number;
  /** Told of every append of a run that failed for good; the run itself rejects too. */
  onError?: (error: DoorstepError) => void;
}

/** Options of one publish. */
export interface PublishOptions {
  /** Key of deduplication, chosen by the caller; the same id with another body is a CONFLICT. */
  id?: EventId;
  /** @default by type, `durable` for types of the application's own */
  delivery?: DeliveryClass;
  /** Milliseconds from now after which nobody needs the event. @default never */
  expiresInMs?: number;
  /** Of events with one key and class that wait for a user who is away, the last counts. */
  collapseKey?: string;
  subject?: string;
  traceparent?: string;
  /** Ends the retries; the last error is thrown. */
  signal?: AbortSignal;
  /** How long this publish is retried, in milliseconds. @default the hub's `timeoutMs` */
  timeoutMs?: number;
  /** "replicated" answers once replicas have the event, and how many; else UNDER_REPLICATED. @default the hub's */
  durability?: Durability;
}

/** The part of PublishOptions that says how an append is made; `publishMany` takes it for all its items. */
export type AppendTerms = Pick<PublishOptions, "signal" | "timeoutMs" | "durability">;

/** Options of an event inside a run; the hub's settings say how it is appended. */
export type EmitOptions = Omit<PublishOptions, keyof AppendTerms | "traceparent">;

/** What `hub.run` binds a run to, for good. */
export interface RunInit {
  userId: UserId;
  threadId: ThreadId;
  /** @default a new UUID */
  runId?: RunId;
  parentRunId?: RunId;
  agentName: string;
  agentVersion?: string;
  title?: string;
  input?: Json;
  /** Which try this is, from 1; every event of the run carries it. @default 1 */
  attempt?: number;
  /** Cancels the run. The reasons "user" and "superseded" are told to the user as such. */
  signal?: AbortSignal;
  /** Cancels the run after this many milliseconds. @default never */
  timeoutMs?: number;
  traceparent?: string;
}

/** The options with every default filled in. */
export interface HubSettings {
  readonly source: string;
  readonly coalesce: CoalesceOptions;
  readonly buffer: BufferOptions;
  readonly timeoutMs: number;
  readonly durability: Durability;
  readonly cancelGraceMs: number;
  readonly onError: (error: DoorstepError) => void;
}

export const DEFAULTS = Object.freeze({
  coalesce: Object.freeze({ windowMs: 40, maxChars: 2_048 }),
  buffer: Object.freeze({ maxEvents: 10_000, timeoutMs: 60_000 }),
  timeoutMs: 10_000,
  durability: "logged",
  cancelGraceMs: 5_000,
} as const);

/** Fills in the defaults; throws TypeError or RangeError naming the option that is wrong. */
export function resolveOptions(options: HubOptions): HubSettings {
  if (typeof options.source !== "string" || options.source === "") throw new TypeError("source has to be text");
  if (options.redis === undefined) throw new TypeError("redis has to be a URL or an ioredis client");
  const { coalesce, buffer, limits = {}, timeoutMs = DEFAULTS.timeoutMs } = options;
  const { cancelGraceMs = DEFAULTS.cancelGraceMs, durability = DEFAULTS.durability } = options;
  const settings: HubSettings = {
    source: options.source,
    coalesce: { ...DEFAULTS.coalesce, ...coalesce },
    buffer: { ...DEFAULTS.buffer, ...buffer },
    timeoutMs,
    durability,
    cancelGraceMs,
    onError: options.onError ?? (() => undefined),
  };
  atLeast(0, settings.coalesce.windowMs, "coalesce.windowMs");
  atLeast(1, settings.coalesce.maxChars, "coalesce.maxChars");
  atLeast(1, settings.buffer.maxEvents, "buffer.maxEvents");
  atLeast(1, settings.buffer.timeoutMs, "buffer.timeoutMs");
  atLeast(1, timeoutMs, "timeoutMs");
  atLeast(0, cancelGraceMs, "cancelGraceMs");
  checkDurability(durability);
  checkWait(limits);
  return Object.freeze(settings);
}

function checkWait({ minReplicas = 1, replicaTimeoutMs = 1 }: Partial<StoreLimits>): void {
  if (!Number.isInteger(minReplicas) || minReplicas < 1) {
    throw new RangeError("limits.minReplicas has to be a whole number from 1");
  }
  if (!Number.isInteger(replicaTimeoutMs) || replicaTimeoutMs < 1 || replicaTimeoutMs > MAX_REPLICA_TIMEOUT_MS) {
    throw new RangeError(`limits.replicaTimeoutMs has to be a whole number from 1 to ${MAX_REPLICA_TIMEOUT_MS}`);
  }
}

/** Throws TypeError for a durability that there is not: a misspelt one must not pass for the weaker. */
export function checkDurability(durability: Durability): void {
  if (durability !== "logged" && durability !== "replicated") throw new TypeError("durability is logged or replicated");
}

function atLeast(least: number, value: number, name: string): void {
  if (!Number.isFinite(value) || value < least) throw new RangeError(`${name} has to be a number from ${least}`);
}
