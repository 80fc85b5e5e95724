/**
 * Publishing over HTTP, for publishers that shall not speak to Redis.
 *
 * One append per user and request. Items of a batch succeed or fail each for itself: where a user's append is refused as
 * a whole (nothing written), its events are tried one by one, in order, so that one bad event does not hold the others.
 */
import { randomUUID } from "node:crypto";
import {
  DoorstepError,
  type EncodedEvent,
  encodeEvent,
  type ErrorAnswer,
  type EventInput,
  type PublishResult,
  toDoorstepError,
} from "@doorstep/protocol";
import type { Store } from "@doorstep/store";
import type { GatewayMetrics } from "../metric.ts";
import type { BatchItem, PublishBody } from "./schema.ts";

/** The answer for one item: what was published, or why not. */
export type ItemResult = PublishResult | ErrorAnswer;

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
  async publish(userId: string, body: Omit<PublishBody, "userId" | "userIds">): Promise<PublishResult> {
    const result = await this.#try(async () => {
      const [first] = await this.#store.log.append(userId, [this.#encode(body)]);
      if (first === undefined) throw new DoorstepError("INTERNAL", "an append without an answer");
      return first;
    });
    if (result instanceof DoorstepError) throw result;
    return result;
  }

  /** Publishes the same event to several users. */
  publishToMany(userIds: readonly string[], body: Omit<PublishBody, "userId" | "userIds">): Promise<ItemResult[]> {
    return this.publishBatch(userIds.map((userId) => ({ ...body, userId })));
  }

  /** Publishes a batch; results in the order of the items, the order of each user's events kept. */
  async publishBatch(items: readonly BatchItem[]): Promise<ItemResult[]> {
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
    await Promise.all(Array.from(byUser, ([userId, group]) => this.#publishGroup(userId, group, results)));
    return results;
  }

  async #publishGroup(userId: string, group: readonly Item[], results: ItemResult[]): Promise<void> {
    const answer = await this.#try(() =>
      this.#store.log.append(
        userId,
        group.map(({ event }) => event),
      ),
    );
    if (!(answer instanceof DoorstepError)) {
      group.forEach(({ index }, i) => {
        const result = answer[i];
        if (result !== undefined) results[index] = result;
      });
    } else if (group.length === 1 || answer.code === "UNAVAILABLE" || answer.code === "STORE_FULL") {
      for (const { index } of group) results[index] = answer.toAnswer();
    } else {
      for (const item of group) await this.#publishGroup(userId, [item], results);
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
