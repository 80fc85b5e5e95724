/**
 * The hub of an agent process: publishes events to users and runs agents for them.
 *
 * One connection to Redis, made in the background: `createHub` never waits and never throws for Redis' sake; what is
 * wrong with it shows at `ready()`, a publish or a run. There is no call that reaches all users (P4).
 */
import { randomUUID } from "node:crypto";
import {
  DoorstepError,
  type EncodedEvent,
  type EventId,
  type EventMap,
  type EventType,
  LIMITS,
  parseOffset,
  type PublishResult,
  type Target,
  toDoorstepError,
  type UserId,
} from "@doorstep/protocol";
import type { Connection, MailboxState, Receipt, Store } from "@doorstep/store";
import {
  type AppendTerms,
  checkDurability,
  type HubOptions,
  type HubSettings,
  type PublishOptions,
  resolveOptions,
  type RunInit,
} from "./option.ts";
import { Outbox } from "./outbox.ts";
import type { Terms } from "./pending-append.ts";
import { Publisher } from "./publisher.ts";
import { Run, type RunContext } from "./run.ts";
import { RunChannel } from "./run-channel.ts";
import { liveRun } from "./run-life.ts";

/** One event of `publishMany`. */
export interface PublishItem {
  to: Target;
  type: EventType | (string & {});
  data: unknown;
  options?: Omit<PublishOptions, keyof AppendTerms>;
}

/** The answer for one item of `publishMany`: as `publish` would answer, or the error it would throw. */
export type PublishItemResult = (PublishResult & { error?: undefined }) | { error: DoorstepError };

interface QueuedItem {
  readonly index: number;
  readonly event: EncodedEvent;
}

/** Makes a hub. Throws TypeError or RangeError for an option that is wrong; connects in the background. */
export function createHub(options: HubOptions): Hub {
  return new Hub(options);
}

export class Hub {
  readonly #options: HubOptions;
  readonly #settings: HubSettings;
  readonly #publisher: Publisher;
  readonly #outbox: Outbox;
  readonly #running = new Map<Promise<unknown>, AbortController | undefined>();
  #closed: Promise<void> | undefined;

  constructor(options: HubOptions) {
    this.#settings = resolveOptions(options);
    this.#options = options;
    this.#publisher = new Publisher(options);
    const { buffer, durability } = this.#settings;
    const terms = { timeoutMs: buffer.timeoutMs, durability };
    this.#outbox = new Outbox((userId, events) => this.#publisher.append(userId, events, terms), buffer.maxEvents);
    // Not silent: whoever uses the hub next connects anew and gets the error.
    this.#publisher.connect().catch(() => undefined);
  }

  /** Waits for the connection; throws UNAVAILABLE, SETTINGS_MISMATCH and the like. */
  async ready(): Promise<void> {
    this.#assertOpen();
    try {
      await this.#publisher.connect();
    } catch (error) {
      throw toDoorstepError(error);
    }
  }

  /**
   * Publishes one event to one user; it is in the log when this settles (P1). Retries while Redis is away or full.
   * Throws INVALID_EVENT, INVALID_USER, TOO_LARGE, CONFLICT, MAILBOX_FULL (nothing was written), STORE_FULL,
   * UNAVAILABLE, after which the event may or may not stand in the log, and UNDER_REPLICATED, after which it does, on too
   * few replicas: publish again with the same `options.id`.
   * Order between publishes holds for those awaited one after the other.
   */
  publish<K extends EventType>(
    to: Target,
    type: K,
    data: EventMap[K],
    options?: PublishOptions,
  ): Promise<PublishResult>;
  publish(to: Target, type: string & {}, data: unknown, options?: PublishOptions): Promise<PublishResult>;
  publish(to: Target, type: string, data: unknown, options: PublishOptions = {}): Promise<PublishResult> {
    // One promise an event, whatever it passes on its way. What is thrown within rejects it.
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      options.signal?.throwIfAborted();
      const event = this.#encode(to, type, data, options);
      this.#publisher.appendTo(to.userId, [event], this.#terms(options), {
        resolve([result]) {
          if (result === undefined) reject(new DoorstepError("INTERNAL", "the store answered no result"));
          else resolve(result);
        },
        reject,
      });
    });
  }

  /**
   * Publishes many events: those of one user in the given order, in one append for up to 1,000 of them, all or nothing;
   * different users at the same time. Answers one result per item, in the order of the items, and does not reject for
   * a failing one: look at `error`. An item that cannot be encoded fails alone; a refused append fails its user's items.
   */
  async publishMany(items: readonly PublishItem[], options: AppendTerms = {}): Promise<PublishItemResult[]> {
    this.#assertOpen();
    options.signal?.throwIfAborted();
    const results: PublishItemResult[] = [];
    const queues = new Map<UserId, QueuedItem[]>();
    for (const [index, item] of items.entries()) {
      try {
        const queued = { index, event: this.#encode(item.to, item.type, item.data, item.options ?? {}) };
        const known = queues.get(item.to.userId);
        if (known === undefined) queues.set(item.to.userId, [queued]);
        else known.push(queued);
      } catch (error) {
        results[index] = { error: toDoorstepError(error) };
      }
    }
    const terms = this.#terms(options);
    const users = [...queues].map(([userId, queue]) => this.#appendQueue(userId, queue, terms, results));
    await this.#track(Promise.all(users));
    return results;
  }

  /**
   * Runs an agent for one user in one thread: emits `agent_started`, calls `fn`, closes what it left open, emits exactly
   * one terminal event (P6), and settles once that is logged. Answers what `fn` returns; throws what it throws, the
   * signal's reason after a cancel, or the DoorstepError of an event that could not be published.
   */
  async run<T>(init: RunInit, fn: (run: Run) => Promise<T>): Promise<T> {
    this.#assertOpen();
    init.signal?.throwIfAborted();
    const abort = new AbortController();
    const ctx = createContext(init);
    const { userId, threadId, runId, parentRunId, attempt, traceparent } = ctx;
    const { source } = this.#settings;
    const address = { userId, fields: { source, threadId, runId, parentRunId, attempt, traceparent } };
    const channel = new RunChannel(this.#publisher, this.#outbox, address, (failure) => {
      abort.abort(failure);
      this.#settings.onError(failure);
    });
    const { coalesce, cancelGraceMs } = this.#settings;
    const maxPayloadBytes = this.#options.limits?.maxPayloadBytes;
    const run = new Run(ctx, abort.signal, channel, { coalesce, maxPayloadBytes });
    return this.#track(liveRun({ run, channel, abort, cancelGraceMs }, init, fn), abort);
  }

  /**
   * Tells what became of an event (PROTOCOL section 7.5). Hand it what `publish` answered: with the offset it is found as long
   * as anything is known of it; by its id alone while the id is deduplicated, or among the user's last 1,000 events.
   * Throws NOT_FOUND, also for ephemeral events, INVALID_USER and UNAVAILABLE; asks once, without a retry.
   */
  receipt(userId: UserId, event: EventId | Pick<PublishResult, "id" | "offset">): Promise<Receipt> {
    const { id, offset } = typeof event === "string" ? { id: event, offset: undefined } : event;
    return this.#ask(({ log, receipts }) => {
      const keys = log.keysOf(userId);
      if (offset === null) throw new DoorstepError("NOT_FOUND", `event ${id} is ephemeral: nobody keeps it`);
      return receipts.receipt(keys, id, offset === undefined ? undefined : parseOffset(offset));
    });
  }

  /** Tells what waits for a user. Throws INVALID_USER and UNAVAILABLE; asks once, without a retry. */
  mailbox(userId: UserId): Promise<MailboxState> {
    return this.#ask(({ log, receipts }) => receipts.mailbox(log.keysOf(userId)));
  }

  /** Tells the user's sockets on gateways that live. Throws INVALID_USER and UNAVAILABLE; asks once, without a retry. */
  presence(userId: UserId): Promise<Connection[]> {
    return this.#ask(async ({ log, presence }) =>
      presence.connections(log.keysOf(userId), await presence.liveGateways()),
    );
  }

  async #ask<T>(question: (store: Store) => Promise<T>): Promise<T> {
    this.#assertOpen();
    try {
      return await this.#track(this.#publisher.connect().then(question));
    } catch (error) {
      throw toDoorstepError(error);
    }
  }

  /**
   * Cancels every run, waits up to `drainMs` (default 10,000 ms) until all that was emitted and published is logged, and
   * disconnects. Idempotent; afterwards everything throws CLOSED.
   */
  close(options: { drainMs?: number } = {}): Promise<void> {
    this.#closed ??= this.#close(options.drainMs ?? 10_000);
    return this.#closed;
  }

  async #close(drainMs: number): Promise<void> {
    for (const abort of this.#running.values()) abort?.abort(new DoorstepError("CLOSED", "the agent process ends"));
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, drainMs);
    });
    await Promise.race([Promise.allSettled([...this.#running.keys(), this.#publisher.idle()]), deadline]);
    clearTimeout(timer);
    await this.#publisher.close();
  }

  async #appendQueue(
    userId: UserId,
    queue: readonly QueuedItem[],
    terms: Terms,
    results: PublishItemResult[],
  ): Promise<void> {
    for (let from = 0; from < queue.length; from += LIMITS.batchEvents) {
      const batch = queue.slice(from, from + LIMITS.batchEvents);
      try {
        const answers = await this.#publisher.append(
          userId,
          batch.map((item) => item.event),
          terms,
        );
        for (const [at, answer] of answers.entries()) results[batch[at]?.index ?? 0] = answer;
      } catch (thrown) {
        // What comes later must not overtake what failed.
        const error = toDoorstepError(thrown);
        for (const item of queue.slice(from)) results[item.index] = { error };
        return;
      }
    }
  }

  #encode(
    { threadId }: Target,
    type: string,
    data: unknown,
    options: NonNullable<PublishItem["options"]>,
  ): EncodedEvent {
    const { id, delivery, expiresInMs, collapseKey, subject, traceparent } = options;
    const { source } = this.#settings;
    return this.#publisher.encode({
      source,
      type,
      data,
      id,
      delivery,
      expiresInMs,
      collapseKey,
      subject,
      traceparent,
      threadId,
    });
  }

  #terms(options: AppendTerms): Terms {
    const { signal, timeoutMs = this.#settings.timeoutMs, durability = this.#settings.durability } = options;
    checkDurability(durability);
    return { timeoutMs, signal, durability };
  }

  #track<T>(work: Promise<T>, abort?: AbortController): Promise<T> {
    this.#running.set(work, abort);
    const forget = () => this.#running.delete(work);
    work.then(forget, forget);
    return work;
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new DoorstepError("CLOSED", "the hub was closed");
  }
}

function createContext(init: RunInit): RunContext {
  const { userId, threadId, runId = randomUUID(), parentRunId, agentName, attempt = 1, traceparent, timeoutMs } = init;
  if (typeof agentName !== "string" || agentName === "") throw new DoorstepError("INVALID_EVENT", "agentName is text");
  if (timeoutMs !== undefined && !(timeoutMs > 0)) throw new RangeError("timeoutMs has to be a number above 0");
  return Object.freeze({
    userId,
    threadId,
    runId,
    agentName,
    attempt,
    ...(parentRunId === undefined ? {} : { parentRunId }),
    ...(traceparent === undefined ? {} : { traceparent }),
  });
}
