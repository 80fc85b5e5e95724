/**
 * Appends that are not answered before replicas have them (`durability: "replicated"`).
 *
 * WAIT counts the replicas that have what *its connection* wrote to *its node*, and keeps that connection from everything
 * else meanwhile. So the script and WAIT leave in one pipeline, whose keys decide the node (a WAIT alone, which has no
 * keys, goes to any node of a Cluster), and on a connection of their own, opened at the first such append: reads, acks and
 * plain appends never stand behind a WAIT.
 *
 * On that connection one pipeline per master is under way at a time. What arrives meanwhile leaves together in the next
 * one, with a single WAIT behind all of it, so that a replica that does not answer costs everybody one wait, not one after
 * another.
 *
 * A call that did not run (NOSCRIPT, MOVED) is sent anew with its own WAIT. ioredis would send such a script alone, behind
 * the WAIT that was to vouch for it; hence plain EVALSHA here and not `defineCommand`. Whether a call ran that was not
 * answered is not known, as for every append.
 */
import calculateSlot from "cluster-key-slot";
import type { ChainableCommander, Cluster } from "ioredis";
import { openConnection, type RedisConnection, toStoreError } from "./connection.ts";
import { scriptSha, scriptText } from "./script.ts";

/** What WAIT is told. */
export interface WaitOptions {
  readonly minReplicas: number;
  readonly replicaTimeoutMs: number;
}

/** What a script answered, and how many replicas have what it wrote. */
export interface ReplicatedReply {
  readonly reply: unknown;
  readonly replicas: number;
}

interface Call {
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
  readonly resolve: (reply: ReplicatedReply) => void;
  readonly reject: (error: unknown) => void;
  attempts: number;
}

/** Errors of calls that certainly did not run. */
const NOT_RUN = /^(?:NOSCRIPT|MOVED|NOTSENT) /;
const NOT_SENT = "NOTSENT";
const MAX_ATTEMPTS = 4;
const OPEN_TIMEOUT_MS = 5_000;
const TEXT = scriptText("append");
const SHA = scriptSha("append");

export class Replication {
  readonly #main: RedisConnection;
  readonly #options: WaitOptions;
  /** What leaves with the next pipeline, by the nodes it goes to; there is an entry while one is under way. */
  readonly #queues = new Map<string, Call[]>();
  #opening: Promise<RedisConnection> | undefined;

  /** Its connection is a duplicate of `main` and closes with it. */
  constructor(main: RedisConnection, options: WaitOptions) {
    this.#main = main;
    this.#options = options;
  }

  /** Runs the append script and waits for replicas; fewer than asked are not an error here. Throws STORE_FULL, UNAVAILABLE. */
  async append(keys: readonly string[], args: readonly (string | number)[]): Promise<ReplicatedReply> {
    try {
      const redis = await this.#connect();
      return await new Promise<ReplicatedReply>((resolve, reject) =>
        this.#enqueue(redis, { keys, args, resolve, reject, attempts: 0 }),
      );
    } catch (error) {
      throw toStoreError(error);
    }
  }

  #connect(): Promise<RedisConnection> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      // The next append tries anew.
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #open(): Promise<RedisConnection> {
    const redis = await openConnection(this.#main, "command", OPEN_TIMEOUT_MS);
    if (this.#main.status === "end") redis.disconnect();
    else this.#main.once("end", () => redis.disconnect());
    return redis;
  }

  #enqueue(redis: RedisConnection, call: Call): void {
    const nodes = nodesOf(redis, call.keys[0] ?? "");
    const queue = this.#queues.get(nodes);
    if (queue !== undefined) {
      queue.push(call);
      return;
    }
    this.#queues.set(nodes, [call]);
    // One microtask later, so that what is appended in the same breath shares a pipeline.
    queueMicrotask(() => void this.#drain(redis, nodes));
  }

  async #drain(redis: RedisConnection, nodes: string): Promise<void> {
    const queue = this.#queues.get(nodes) ?? [];
    while (queue.length > 0) await this.#send(redis, queue.splice(0));
    this.#queues.delete(nodes);
  }

  /** One pipeline; settles every call of it or queues it anew. Never rejects. */
  async #send(redis: RedisConnection, calls: readonly Call[]): Promise<void> {
    const answers = await this.#execute(redis, calls);
    const [waitError, replicas] = answers[calls.length] ?? [new Error("WAIT was not answered"), 0];
    const again: Call[] = [];
    for (const [index, call] of calls.entries()) {
      const [error, reply] = answers[index] ?? [waitError, undefined];
      if (error !== null && NOT_RUN.test(error.message) && call.attempts < MAX_ATTEMPTS) again.push(call);
      else if (error !== null) call.reject(error);
      else if (waitError !== null) call.reject(waitError);
      else call.resolve({ reply, replicas: Number(replicas) });
    }
    if (again.length > 0 && redis.isCluster) await refreshSlots(redis as Cluster);
    for (const call of again) this.#enqueue(redis, call);
  }

  /** The answers of the calls and of the WAIT behind them. */
  async #execute(redis: RedisConnection, calls: readonly Call[]): Promise<[error: Error | null, reply: unknown][]> {
    const { minReplicas, replicaTimeoutMs } = this.#options;
    try {
      const pipeline = redis.pipeline();
      for (const call of calls) addScript(pipeline, call);
      return (await pipeline.wait(minReplicas, replicaTimeoutMs).exec()) ?? [];
    } catch (error) {
      // Nothing was sent, as where the Cluster's slots changed hands since these calls were put together.
      return calls.map(() => [new Error(`${NOT_SENT} ${String(error)}`), undefined]);
    }
  }
}

/** By digest, as every script; with its text after a refusal, which may have been for want of it. */
function addScript(pipeline: ChainableCommander, call: Call): void {
  call.attempts++;
  if (call.attempts === 1) pipeline.evalsha(SHA, call.keys.length, ...call.keys, ...call.args);
  else pipeline.eval(TEXT, call.keys.length, ...call.keys, ...call.args);
}

/** The nodes of a key's slot, as far as known, master first; a pipeline may hold only calls of the same nodes. */
function nodesOf(redis: RedisConnection, key: string): string {
  return redis.isCluster ? ((redis as Cluster).slots[calculateSlot(key)] ?? []).join(";") : "";
}

/** Asks the Cluster anew who has which slots; a Cluster that does not answer shows at the next pipeline. */
function refreshSlots(cluster: Cluster): Promise<void> {
  return new Promise((resolve) => cluster.refreshSlotsCache(() => resolve()));
}
