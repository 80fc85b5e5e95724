/**
 * The publisher: encodes an event once and appends it until Redis has answered for good.
 *
 * UNAVAILABLE says nothing about whether the append happened, STORE_FULL passes, and after UNDER_REPLICATED replicas may
 * catch up, so these are repeated with the same ids, marked as a retry, when the retry gate opens; the log then tells a
 * repetition apart (P1). Every other refusal is final and thrown at once. Connecting is part of the first append: a hub can
 * be made while Redis is away.
 */
import { randomUUID } from "node:crypto";
import {
  DoorstepError,
  type Durability,
  type EncodedEvent,
  encodeEvent,
  type ErrorCode,
  type EventInput,
  type PublishResult,
  toDoorstepError,
  type UserId,
} from "@doorstep/protocol";
import { type AppendOptions, connectStore, type Store } from "@doorstep/store";
import { Deadline } from "./deadline.ts";
import { DEFAULTS, type HubOptions } from "./option.ts";
import { RetryGate } from "./retry-gate.ts";

const RETRIED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["UNAVAILABLE", "STORE_FULL", "UNDER_REPLICATED"]);

/** How an append is made: retried until the time is up or the signal aborts, whichever is first, and what it waits for. */
export interface Terms {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  durability: Durability;
}

/** Whether the same append may succeed later, so that the publisher repeats it. */
export function isRetried(error: DoorstepError): boolean {
  return RETRIED.has(error.code);
}

export class Publisher {
  readonly #options: HubOptions;
  /** One for each append under way. */
  readonly #deadlines = new Set<Deadline>();
  readonly #idles: (() => void)[] = [];
  readonly #gate = new RetryGate();
  #turns = 0;
  #isClosed = false;
  #connecting: Promise<Store> | undefined;
  #store: Store | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
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
      store.onReconnect(() => this.#gate.open());
      return store;
    } catch (error) {
      this.#connecting = undefined;
      throw error;
    }
  }

  /** Appends events of one user, all or nothing; throws the last DoorstepError once the time is up. */
  async append(userId: UserId, events: readonly EncodedEvent[], terms: Terms): Promise<PublishResult[]> {
    const deadline = new Deadline(terms.timeoutMs, terms.signal);
    const { durability } = terms;
    const turn = this.#turns++;
    let last: DoorstepError | undefined;
    this.#deadlines.add(deadline);
    try {
      for (let tries = 0; ; tries++) {
        try {
          // In order: behind what waits already.
          if (tries === 0 && this.#gate.holds(userId)) {
            await deadline.race(this.#gate.wait(userId, turn, tries), () => noAnswer(last));
          }
          const trying = this.#tryAppend(userId, events, { isRetry: tries > 0, durability });
          return await deadline.race(trying, () => noAnswer(last));
        } catch (thrown) {
          const failure = toDoorstepError(thrown);
          last = failure;
          if (deadline.isOver || !isRetried(failure)) throw failure;
          await deadline.race(this.#gate.wait(userId, turn, tries), () => failure);
        }
      }
    } finally {
      deadline.dispose();
      this.#deadlines.delete(deadline);
      if (this.#deadlines.size === 0) for (const resolve of this.#idles.splice(0)) resolve();
    }
  }

  #tryAppend(userId: UserId, events: readonly EncodedEvent[], options: AppendOptions): Promise<PublishResult[]> {
    if (this.#isClosed) throw new DoorstepError("CLOSED", "the hub was closed");
    if (this.#store !== undefined) return this.#store.log.append(userId, events, options);
    return this.connect().then(({ log }) => log.append(userId, events, options));
  }

  /** Settles once no append is under way. */
  async idle(): Promise<void> {
    if (this.#deadlines.size > 0) await new Promise<void>((resolve) => this.#idles.push(resolve));
  }

  /** Ends all retries and the connection; one that is still being made closes as soon as it stands. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const deadline of this.#deadlines) deadline.end();
    this.#gate.open();
    await this.#store?.close();
  }
}

/** The append may have happened all the same; after UNDER_REPLICATED it did. */
function noAnswer(last: DoorstepError | undefined): DoorstepError {
  if (last?.code === "UNDER_REPLICATED") return last;
  return new DoorstepError("UNAVAILABLE", "Redis did not answer while the caller had patience");
}
