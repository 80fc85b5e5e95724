/**
 * Publishing over HTTP, for publishers that shall not speak to Redis.
 *
 * One append per user and request. Items of a batch succeed or fail each for itself: where a user's append is refused
 * for one of its events (nothing written), its events are tried one by one, in order, so that one bad event does not hold
 * the others. What is the matter with Redis is the matter of all of them.
 */
import { randomUUID } from "node:crypto";
import {
  DoorstepError,
  type Durability,
  type EncodedEvent,
  encodeEvent,
  type ErrorAnswer,
  type ErrorCode,
  type EventInput,
  type PublishResult,
  toDoorstepError,
} from "@doorstep/protocol";
import type { Store } from "@doorstep/store";
import type { GatewayMetrics } from "../metric.ts";
import type { BatchItem } from "./schema.ts";

/** The answer for one item: what was published, or why not. */
export type ItemResult = PublishResult | ErrorAnswer;

/** An event that anybody publishes: the fields without the addressee. */
type EventBody = Omit<BatchItem, "userId">;

/** Refusals that say nothing about single events, after which some of them may stand in the log. */
const OF_REDIS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["UNAVAILABLE", "STORE_FULL", "UNDER_REPLICATED"]);

type Append = (userId: string, events: readonly EncodedEvent[]) => Promise<PublishResult[]>;

interface Item {
  readonly index: number;
  readonly event: EncodedEvent;
}

export class Publisher {
  readonly #store: Store;
  readonly #metrics: GatewayMetrics;

  constructor(store: Store, metrics: GatewayMetrics) {
    this.#store = store;
    this.#metrics = metrics;
  }

  /** Publishes one event to one user; throws what `append` and `encodeEvent` throw. */
  async publish(userId: string, body: EventBody, durability: Durability = "logged"): Promise<PublishResult> {
    const result = await this.#try(async () => {
      const [first] = await this.#store.log.append(userId, [this.#encode(body)], { durability });
      if (first === undefined) throw new DoorstepError("INTERNAL", "an append without an answer");
      return first;
    });
    if (result instanceof DoorstepError) throw result;
    return result;
  }

  /** Publishes the same event to several users. */
  publishToMany(userIds: readonly string[], body: EventBody, durability?: Durability): Promise<ItemResult[]> {
    return this.publishBatch(
      userIds.map((userId) => ({ ...body, userId })),
      durability,
    );
  }

  /** Publishes a batch; results in the order of the items, the order of each user's events kept. */
  async publishBatch(items: readonly BatchItem[], durability: Durability = "logged"): Promise<ItemResult[]> {
    const results: ItemResult[] = [];
    const byUser = new Map<string, Item[]>();
    items.forEach(({ userId, ...body }, index) => {
      try {
        const event = this.#encode(body);
        const group = byUser.get(userId);
        if (group === undefined) byUser.set(userId, [{ index, event }]);
        else group.push({ index, event });
      } catch (thrown) {
        results[index] = this.#refusal(toDoorstepError(thrown)).toAnswer();
      }
    });
    const append: Append = (userId, events) => this.#store.log.append(userId, events, { durability });
    await Promise.all(Array.from(byUser, ([userId, group]) => this.#publishGroup(append, userId, group, results)));
    return results;
  }

  async #publishGroup(append: Append, userId: string, group: readonly Item[], results: ItemResult[]): Promise<void> {
    const events = group.map(({ event }) => event);
    const answer = await this.#try(() => append(userId, events));
    if (!(answer instanceof DoorstepError)) {
      group.forEach(({ index }, i) => {
        const result = answer[i];
        if (result !== undefined) results[index] = result;
      });
    } else if (group.length === 1 || OF_REDIS.has(answer.code)) {
      for (const { index } of group) results[index] = answer.toAnswer();
    } else {
      for (const item of group) await this.#publishGroup(append, userId, [item], results);
    }
  }

  #encode(body: EventInput): EncodedEvent {
    return encodeEvent(body, randomUUID, Date.now(), this.#store.limits.maxPayloadBytes);
  }

  /** Counts what an append came to; a coded refusal comes back as a value. */
  async #try<T extends PublishResult | PublishResult[]>(append: () => Promise<T>): Promise<T | DoorstepError> {
    try {
      const results = await append();
      for (const { offset, duplicate } of Array.isArray(results) ? results : [results]) {
        this.#metrics.published.inc({ outcome: duplicate ? "duplicate" : offset === null ? "ephemeral" : "appended" });
      }
      return results;
    } catch (thrown) {
      return this.#refusal(toDoorstepError(thrown));
    }
  }

  #refusal(error: DoorstepError): DoorstepError {
    this.#metrics.published.inc({ outcome: error.code });
    return error;
  }
}
