/**
 * The channel of one run: everything the run emits goes through it, in order, bound to its user, thread and run.
 *
 * - An event first flushes the pending text of every open message, so nothing overtakes text.
 * - Emitting never waits for Redis. An append that fails for good is kept as `failure`, reported, and fails the run.
 * - `end()` queues the last events; whatever is emitted afterwards throws RUN_ENDED (P6).
 */
import {
  DoorstepError,
  type EncodedEvent,
  type EnvelopeFields,
  type EventMap,
  type EventType,
  LIMITS,
  type PublishResult,
  toDoorstepError,
} from "@doorstep/protocol";
import type { EmitOptions } from "./option.ts";
import type { Outbox } from "./outbox.ts";
import type { Publisher } from "./publisher.ts";

/** A payload whose absent fields may be undefined; encoding leaves those out. */
export type Payload<K extends EventType> = { [F in keyof EventMap[K]]: EventMap[K][F] | undefined };

/** Where a run's events go. */
export interface ChannelAddress {
  readonly userId: string;
  readonly fields: EnvelopeFields;
}

/** Takes the text that waits in a message, as an event; undefined where none waits. */
type TakePending = () => EncodedEvent | undefined;

export class RunChannel {
  readonly #publisher: Publisher;
  readonly #outbox: Outbox;
  readonly #address: ChannelAddress;
  readonly #onFailure: (failure: DoorstepError) => void;
  readonly #pendingTexts = new Set<TakePending>();
  #last: Promise<unknown> = Promise.resolve();
  #failure: DoorstepError | undefined;
  #isEnded = false;

  constructor(
    publisher: Publisher,
    outbox: Outbox,
    address: ChannelAddress,
    onFailure: (failure: DoorstepError) => void,
  ) {
    this.#publisher = publisher;
    this.#outbox = outbox;
    this.#address = address;
    this.#onFailure = onFailure;
  }

  get failure(): DoorstepError | undefined {
    return this.#failure;
  }

  get isFull(): boolean {
    return this.#outbox.isFull;
  }

  /** Waits until the process may buffer more; to be asked for in a loop with `isFull`. */
  roomAgain(): Promise<void> {
    return this.#outbox.roomAgain();
  }

  /** Encodes an event of the vocabulary; throws INVALID_EVENT or TOO_LARGE. */
  encode<K extends EventType>(type: K, data: Payload<K>): EncodedEvent {
    return this.encodeCustom(type, data, {});
  }

  /** Encodes an event of any type. */
  encodeCustom(type: string, data: unknown, options: EmitOptions): EncodedEvent {
    return this.#publisher.encode({ ...options, ...this.#address.fields, type, data });
  }

  /** Emits an event of the vocabulary; throws RUN_ENDED, INVALID_EVENT or TOO_LARGE at once. */
  emit<K extends EventType>(type: K, data: Payload<K>): Promise<PublishResult> {
    this.assertOpen();
    return this.send(this.encode(type, data));
  }

  /** Sends an encoded event behind the text that waits. The promise may be left alone: the run knows its failure. */
  send(event: EncodedEvent): Promise<PublishResult> {
    this.assertOpen();
    const events = [...this.#takePendingTexts(), event];
    const sent = this.#push(events).then((results) => lastOf(results));
    sent.catch(() => undefined);
    return sent;
  }

  /** Sends text that waited long enough; other messages' text goes on waiting. */
  sendText(event: EncodedEvent): Promise<unknown> {
    return this.#push([event]);
  }

  /** Lets a message take part: its waiting text goes before every other event. Returns how to leave. */
  addPendingText(take: TakePending): () => void {
    this.#pendingTexts.add(take);
    return () => this.#pendingTexts.delete(take);
  }

  /** Waits until everything emitted so far is in the log; throws what failed. */
  async flush(): Promise<void> {
    const pending = this.#takePendingTexts();
    if (pending.length > 0) void this.#push(pending);
    await this.#last;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Queues the last events of the run and closes the channel. */
  end(events: readonly EncodedEvent[]): Promise<unknown> {
    this.assertOpen();
    const last = [...this.#takePendingTexts(), ...events];
    this.#isEnded = true;
    for (; last.length > LIMITS.batchEvents;) void this.#push(last.splice(0, LIMITS.batchEvents));
    return this.#push(last);
  }

  assertOpen(): void {
    if (this.#isEnded) throw new DoorstepError("RUN_ENDED", `run ${this.#address.fields.runId}`);
  }

  #takePendingTexts(): EncodedEvent[] {
    return [...this.#pendingTexts].map((take) => take()).filter((event) => event !== undefined);
  }

  #push(events: readonly EncodedEvent[]): Promise<PublishResult[]> {
    const pushed = this.#outbox.push(this.#address.userId, events);
    this.#last = pushed.catch((thrown: unknown) => this.#fail(toDoorstepError(thrown)));
    return pushed;
  }

  #fail(error: DoorstepError): void {
    // A conflict answers the caller who chose the id; it says nothing about the run.
    if (error.code === "CONFLICT") return;
    this.#failure ??= error;
    this.#onFailure(error);
  }
}

function lastOf(results: PublishResult[]): PublishResult {
  const last = results.at(-1);
  if (last === undefined) throw new DoorstepError("INTERNAL", "the store answered no result");
  return last;
}
