/**
 * The publisher: encodes an event once and appends it until Redis has answered for good (pending-append.ts).
 *
 * UNAVAILABLE says nothing about whether the append happened, STORE_FULL passes, and after UNDER_REPLICATED replicas may
 * catch up, so these are repeated with the same ids, marked as a retry, when the retry gate opens; the log then tells a
 * repetition apart (P1). Every other refusal is final and thrown at once. Connecting is part of the first append: a hub can
 * be made while Redis is away.
 */
import { randomUUID } from "node:crypto";
import {
  DoorstepError,
  type EncodedEvent,
  encodeEvent,
  type EventInput,
  type PublishResult,
  type UserId,
} from "@doorstep/protocol";
import { type AppendOptions, type AppendSink, connectStore, type Store } from "@doorstep/store";
import { Deadlines } from "./deadline.ts";
import { DEFAULTS, type HubOptions } from "./option.ts";
import { PendingAppend, type Road, type Terms } from "./pending-append.ts";
import { RetryGate } from "./retry-gate.ts";

export class Publisher {
  readonly #options: HubOptions;
  readonly #idles: (() => void)[] = [];
  readonly #road: Road;
  #turns = 0;
  #isClosed = false;
  #connecting: Promise<Store> | undefined;
  #store: Store | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#road = {
      gate: new RetryGate(),
      deadlines: new Deadlines(),
      attempt: (userId, events, appendOptions, sink) => this.#attempt(userId, events, appendOptions, sink),
      onEnd: () => {
        if (this.#road.deadlines.size === 0) for (const resolve of this.#idles.splice(0)) resolve();
      },
    };
  }

  /** Checks and encodes; throws INVALID_EVENT or TOO_LARGE. */
  encode(input: EventInput): EncodedEvent {
    return encodeEvent(input, randomUUID, Date.now(), this.#options.limits?.maxPayloadBytes);
  }

  /** Connects, or answers the connection there is. A failed try is forgotten, so that the next call tries anew. */
  connect(): Promise<Store> {
    this.#connecting ??= this.#connect();
    return this.#connecting;
  }

  async #connect(): Promise<Store> {
    const { redis, limits, timeoutMs = DEFAULTS.timeoutMs } = this.#options;
    try {
      const settings = { redis, connectTimeoutMs: timeoutMs, ...(limits === undefined ? {} : { limits }) };
      const store = await connectStore(settings);
      if (this.#isClosed) await store.close();
      this.#store = store;
      store.onReconnect(() => this.#road.gate.open());
      return store;
    } catch (error) {
      this.#connecting = undefined;
      throw error;
    }
  }

  /** Appends events of one user, all or nothing; throws the last DoorstepError once the time is up. */
  append(userId: UserId, events: readonly EncodedEvent[], terms: Terms): Promise<PublishResult[]> {
    return new Promise((resolve, reject) => this.appendTo(userId, events, terms, { resolve, reject }));
  }

  /** The same, for a caller that has a promise of its own. */
  appendTo(userId: UserId, events: readonly EncodedEvent[], terms: Terms, sink: AppendSink): void {
    new PendingAppend(this.#road, userId, events, terms, this.#turns++, sink).start();
  }

  #attempt(userId: UserId, events: readonly EncodedEvent[], options: AppendOptions, sink: AppendSink): void {
    if (this.#isClosed) throw new DoorstepError("CLOSED", "the hub was closed");
    if (this.#store !== undefined) {
      this.#store.log.appendTo(userId, events, options, sink);
      return;
    }
    this.connect()
      .then(({ log }) => log.appendTo(userId, events, options, sink))
      .catch((error: unknown) => sink.reject(error));
  }

  /** Settles once no append is under way. */
  async idle(): Promise<void> {
    if (this.#road.deadlines.size > 0) await new Promise<void>((resolve) => this.#idles.push(resolve));
  }

  /** Ends all retries and the connection; one that is still being made closes as soon as it stands. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#road.deadlines.expireAll();
    this.#road.gate.open();
    await this.#store?.close();
  }
}
