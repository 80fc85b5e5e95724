/**
 * A publisher: one hub of the agent SDK that publishes to every user, one event or a small batch after the other, and logs
 * what it asked for and what it was told.
 *
 * Per user it waits for each answer before it asks again, so its order is a promise; over the users it works in parallel. How
 * a publish is repeated is the SDK's matter; what it throws in the end is `fail` where the table of errors says that nothing
 * was written, else `indeterminate`. Half of the ids are its own, half the SDK's: they take different ways to be deduplicated.
 */
import { setMaxListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { createHub, type Hub, type PublishItem, type PublishItemResult } from "@doorstep/agent";
import { type DeliveryClass, type ErrorCode, type Offset, toDoorstepError } from "@doorstep/protocol";
import type { Operation } from "@doorstep/testkit";

import { createRandom, type Random } from "../random.ts";
import { EVENT_TYPE, idOf, type Value } from "../value.ts";

/** What a publisher is to do; plain JSON, since it may be a process of its own. */
export interface PublisherOrders {
  readonly name: string;
  readonly redisUrl: string;
  readonly users: readonly string[];
  /** Those of the users to whom some events expire within seconds. */
  readonly expiring: readonly string[];
  /** Mean pause between two publishes to the same user, in milliseconds. */
  readonly paceMs: number;
  readonly seed: number;
  /** Settings of the log that all programs share. */
  readonly limits: { readonly logMaxEvents: number; readonly dedupeWindowMs: number };
}

/** An operation of a publisher. */
export type PublishOperation = Extract<Operation, { op: "publish" }>;

/** How long a publish is retried: past every outage that is shorter. */
const PATIENCE_MS = 6_000;
const BATCH = { share: 0.15, min: 2, max: 5 };
const STREAM_SHARE = 0.1;
const EPHEMERAL_SHARE = 0.05;
const OWN_ID_SHARE = 0.5;
const EXPIRING = { share: 0.3, minMs: 1_000, maxMs: 3_000 };

/** Codes that say for certain that nothing was written. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "MAILBOX_FULL",
  "STORE_FULL",
  "TOO_LARGE",
  "CONFLICT",
  "INVALID_EVENT",
  "INVALID_USER",
]);

interface Draft {
  readonly value: Value;
  readonly delivery: DeliveryClass;
  readonly hasOwnId: boolean;
  /** How long it is of use, in milliseconds. Default: as long as the hub holds it. */
  readonly expiresInMs?: number;
}

export class Publisher {
  readonly #orders: PublisherOrders;
  readonly #log: (operation: PublishOperation) => void;
  readonly #hub: Hub;
  readonly #random: Random;
  readonly #stopping = new AbortController();
  #paceFactor = 1;
  #n = 0;
  #loops: Promise<void>[] = [];

  constructor(orders: PublisherOrders, log: (operation: PublishOperation) => void) {
    const { name, redisUrl, limits, seed } = orders;
    this.#orders = orders;
    this.#log = log;
    this.#random = createRandom(seed);
    // A pause of each user listens.
    setMaxListeners(0, this.#stopping.signal);
    this.#hub = createHub({ redis: redisUrl, source: `urn:soak:${name}`, limits, timeoutMs: PATIENCE_MS });
  }

  /** Begins to publish to every user. */
  start(): void {
    this.#loops = this.#orders.users.map((userId) => this.#serve(userId, this.#random.fork()));
  }

  /** Publishes so many times as often as ordered. */
  hurry(factor: number): void {
    this.#paceFactor = 1 / factor;
  }

  /** Publishes `count` events of about `bytes` bytes to a user, as batches of ten. */
  async burst(userId: string, count: number, bytes: number, delivery: DeliveryClass): Promise<void> {
    const pad = "x".repeat(bytes);
    for (let sent = 0; sent < count; sent += 10) {
      const values = Array.from({ length: Math.min(10, count - sent) }, () => ({ ...this.#nextValue(userId), pad }));
      await this.#publish(values.map((value) => ({ value, delivery, hasOwnId: false })));
    }
  }

  /** Waits for the answers that are due and disconnects. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops);
    await this.#hub.close();
  }

  async #serve(userId: string, random: Random): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#publish(this.#draft(userId, random));
      const pauseMs = this.#orders.paceMs * this.#paceFactor * (0.5 + random.next());
      await delay(pauseMs, undefined, { signal }).catch(() => "stopping ends the pause");
    }
  }

  #draft(userId: string, random: Random): Draft[] {
    const { share, minMs, maxMs } = EXPIRING;
    const canExpire = this.#orders.expiring.includes(userId);
    const count = random.chance(BATCH.share) ? random.integer(BATCH.min, BATCH.max) : 1;
    return Array.from({ length: count }, () => {
      const lot = random.next();
      const delivery =
        lot < EPHEMERAL_SHARE ? "ephemeral" : lot < EPHEMERAL_SHARE + STREAM_SHARE ? "stream" : "durable";
      const draft = { value: this.#nextValue(userId), delivery, hasOwnId: random.chance(OWN_ID_SHARE) } as const;
      return canExpire && random.chance(share) ? { ...draft, expiresInMs: random.integer(minMs, maxMs) } : draft;
    });
  }

  #nextValue(to: string): Value {
    this.#n += 1;
    return { by: this.#orders.name, n: this.#n, to };
  }

  async #publish(drafts: readonly Draft[]): Promise<void> {
    for (const draft of drafts) this.#log({ ...stamp(draft), phase: "invoke" });
    const results = await this.#hub.publishMany(drafts.map(toItem)).catch((thrown: unknown): PublishItemResult[] => {
      const error = toDoorstepError(thrown);
      return drafts.map(() => ({ error }));
    });
    for (const [index, draft] of drafts.entries()) this.#log(toAnswer(draft, results[index]));
  }
}

function toItem({ value, delivery, hasOwnId, expiresInMs }: Draft): PublishItem {
  const options = {
    delivery,
    ...(hasOwnId ? { id: idOf(value) } : {}),
    ...(expiresInMs === undefined ? {} : { expiresInMs }),
  };
  return { to: { userId: value.to }, type: EVENT_TYPE, data: value, options };
}

function toAnswer(draft: Draft, result: PublishItemResult | undefined): PublishOperation {
  if (result === undefined) return { ...stamp(draft), phase: "indeterminate" };
  if (result.error === undefined) {
    const place: { offset?: Offset } = result.offset === null ? {} : { offset: result.offset };
    return { ...stamp(draft), phase: "ok", ...place, duplicate: result.duplicate };
  }
  const { code } = result.error;
  return { ...stamp(draft), phase: REFUSALS.has(code) ? "fail" : "indeterminate", code };
}

/** By the machine's clock: that of this program may be skewed, and a history needs one clock. */
function stamp({ value, delivery }: Draft): Omit<PublishOperation, "phase"> {
  const { by: publisher, n, to: userId } = value;
  const atMs = Math.round(performance.timeOrigin + performance.now());
  return { op: "publish", publisher, n, userId, id: idOf(value), delivery, atMs };
}
