/**
 * DoorstepClient: what an application holds. It owns no idea of its own; it joins the connection (socket and retries), the inbox (order
 * and once), the run store (views), the acknowledger and the offset store.
 *
 * The order within one batch of events: for each event its run is folded, then handlers of its type, then handlers of
 * "*"; after the batch the offset is saved and state and run listeners are told. A page that dies in the middle
 * of a batch gets that batch again: at least once for the application, once for every handler of one life.
 */
import {
  compareOffsets,
  decodeErrorAnswer,
  type DoorstepEvent,
  type Envelope,
  type EventMap,
  type Gap,
  DoorstepError,
  isRecord,
  minOffset,
  type Offset,
  parseOffset,
  type Ready,
  type RunId,
  type RunView,
  type WebPushChange,
} from "@doorstep/protocol";
import { Acknowledger } from "./acknowledger.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { Connection } from "./connection.ts";
import type { ConnectionState } from "./connection-state.ts";
import { Emitter, type Report, type Unsubscribe } from "./emitter.ts";
import { Inbox, type Received } from "./inbox.ts";
import { SafeOffsetStore } from "./offset-store.ts";
import { type ClientOptions, resolveOptions } from "./option.ts";
import { type RunHandle, RunStore } from "./run-store.ts";

export class DoorstepClient<M extends object = EventMap> {
  readonly #report: Report;
  readonly #isManual: boolean;
  readonly #connection: Connection;
  readonly #inbox: Inbox;
  readonly #runs: RunStore;
  readonly #acknowledger: Acknowledger;
  readonly #store: SafeOffsetStore;
  readonly #handlers = new Map<string, Emitter<[event: Received<Envelope>]>>();
  readonly #gaps: Emitter<[gap: Gap]>;
  readonly #states: Emitter<[state: ConnectionState]>;
  #state: ConnectionState;
  #saved: Offset | undefined;
  #isClosed = false;

  /** Made by `createDoorstepClient`; `clock` is for tests. */
  constructor(options: ClientOptions, clock: Clock = SYSTEM_CLOCK) {
    const settings = resolveOptions(options);
    const report = settings.onError;
    this.#report = report;
    this.#isManual = settings.ack === "manual";
    this.#gaps = new Emitter(report);
    this.#states = new Emitter(report);
    this.#runs = new RunStore(report);
    this.#store = new SafeOffsetStore(settings.offsetStore, report);
    this.#inbox = new Inbox((event) => this.#deliver(event), report);
    this.#acknowledger = new Acknowledger(clock, (offset) => this.#connection.sendAck(offset));
    this.#connection = new Connection(settings, clock, {
      resumeFrom: () => this.#resumeFrom(),
      onEvents: (batch, isReplay, isCurrent) => {
        this.#inbox.receive(batch, isReplay, isCurrent);
        this.#settle();
      },
      onEphemeral: (batch, isCurrent) => {
        this.#inbox.receiveEphemeral(batch, isCurrent);
        this.#runs.flush();
      },
      onGap: (gap) => this.#handleGap(gap),
      onReady: (ready) => this.#handleReady(ready),
      onBackground: () => this.#acknowledger.flush(),
      onChange: () => this.#publish(),
      report,
    });
    this.#state = this.#connection.state;
  }

  /** The state of the connection; a new object at every change, the same one between two. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Calls `fn` at every change of the state, which is at most once per batch of events. */
  onState(fn: (state: ConnectionState) => unknown): Unsubscribe {
    return this.#states.add(fn);
  }

  /** Connects and stays connected; where a wait for the next try is running it ends now. Throws CLOSED after `close`. */
  connect(): void {
    if (this.#isClosed) throw new DoorstepError("CLOSED", "make a new client");
    this.#connection.connect();
  }

  /** Leaves the hub; `connect` goes on from the same offset. */
  disconnect(): void {
    if (this.#isClosed) return;
    this.#acknowledger.flush();
    this.#connection.end("disconnect");
  }

  /** Leaves the hub for good; resolves once the offset is saved. May be called again. */
  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#acknowledger.flush();
      this.#connection.end("close");
      this.#runs.close();
    }
    await this.#store.settled();
  }

  /**
   * Calls `fn` for every event of a type, `"*"` for every event: each once, in offset order; ephemeral ones, which have
   * no offset, as they come. A handler that throws or rejects is reported through `onError` and stops nobody.
   */
  on(type: "*", fn: (event: Received<DoorstepEvent<M>>) => unknown): Unsubscribe;
  on<K extends keyof M & string>(type: K, fn: (data: M[K], event: Received<Envelope<K, M[K]>>) => unknown): Unsubscribe;
  on(type: string, fn: (...args: never[]) => unknown): Unsubscribe {
    const handlers = this.#handlers.get(type) ?? new Emitter(this.#report);
    this.#handlers.set(type, handlers);
    // The overloads pair the type with its handler; payloads are the publisher's word and are not checked here.
    const handler = fn as (...args: unknown[]) => unknown;
    return handlers.add((event) => (type === "*" ? handler(event) : handler(event.data, event)));
  }

  /** Calls `fn` where events are not to be had (P2): refetch what they would have told. Delivery goes on after `to`. */
  onGap(fn: (gap: Gap) => unknown): Unsubscribe {
    return this.#gaps.add(fn);
  }

  /**
   * Acknowledges every event up to `offset`, by default up to the last one delivered (in a handler: the one at hand).
   * Cumulative; sent at most once a second. Throws a TypeError unless `ack` is "manual", INVALID_OFFSET for what is none.
   */
  ack(offset?: Offset): void {
    if (!this.#isManual) throw new TypeError('ack() needs the option ack: "manual"');
    const delivered = this.#inbox.offset;
    if (offset !== undefined) parseOffset(offset);
    if (delivered === undefined) return;
    const upTo = offset === undefined ? delivered : minOffset(offset, delivered);
    if (this.#acknowledger.acknowledge(upTo)) this.#save();
  }

  /**
   * Tells the hub of a Web Push subscription of this browser; `enableWebPush` calls it. Answers whether the hub took it:
   * false where it may be sent again at the next `live`, because the client is not live, no answer came in time, or the
   * hub cannot keep it at the moment. Throws a DoorstepError with the hub's code where it is refused for good.
   */
  async changeWebPush(change: WebPushChange): Promise<boolean> {
    const answer = await this.#connection.changeWebPush(change);
    if (isRecord(answer) && answer["ok"] === true) return true;
    const { code, retryable } = decodeErrorAnswer(answer);
    if (!retryable) throw new DoorstepError(code, "the hub refused the Web Push subscription");
    return false;
  }

  /** The handle of one run, known already or not. */
  run(runId: RunId): RunHandle {
    return this.#runs.handle(runId);
  }

  /** Every run seen here (the last 200), oldest first; the same array until one changes. */
  runs(): readonly RunView[] {
    return this.#runs.list();
  }

  /** Calls `fn` with all runs after every batch of events that changed one. */
  onRuns(fn: (runs: readonly RunView[]) => void): Unsubscribe {
    return this.#runs.subscribe(fn);
  }

  async #resumeFrom(): Promise<Offset | undefined> {
    const stored = this.#inbox.offset === undefined ? await this.#store.get() : undefined;
    if (stored !== undefined && this.#inbox.offset === undefined) {
      this.#inbox.advance(stored);
      if (this.#isManual) this.#acknowledger.reset(stored);
      this.#saved = stored;
    }
    return this.#resumeOffset;
  }

  /** Presenting an offset acknowledges up to it, so with manual acks it must be the application's ack. */
  get #resumeOffset(): Offset | undefined {
    return this.#isManual ? this.#acknowledger.acked : this.#inbox.offset;
  }

  #deliver(event: Received<Envelope>): void {
    this.#runs.apply(event);
    this.#handlers.get(event.type)?.emit(event);
    this.#handlers.get("*")?.emit(event);
  }

  #handleReady(ready: Ready): void {
    this.#inbox.advance(ready.offset);
    this.#save();
  }

  #handleGap(gap: Gap): void {
    this.#gaps.emit(gap);
    this.#inbox.skip(gap);
    const { offset } = this.#inbox;
    const { acked } = this.#acknowledger;
    if (offset !== undefined && acked !== undefined && compareOffsets(offset, acked) < 0) {
      this.#acknowledger.reset(offset);
    }
    this.#settle();
  }

  /** Ends a batch: saves the offset, then tells of it. */
  #settle(): void {
    this.#save();
    this.#runs.flush();
    if (this.#inbox.offset !== this.#state.offset) this.#publish();
  }

  #save(): void {
    const offset = this.#resumeOffset;
    if (offset === undefined || offset === this.#saved) return;
    this.#saved = offset;
    this.#store.set(offset);
  }

  #publish(): void {
    const { offset } = this.#inbox;
    const wasLive = this.#state.status === "live";
    this.#state = { ...this.#connection.state, ...(offset === undefined ? {} : { offset }) };
    if (!wasLive && this.#state.status === "live") this.#acknowledger.flush();
    this.#states.emit(this.#state);
  }
}

/** Makes a client for one user of a hub; nothing happens before `connect`. Throws where an option is not usable. */
export function createDoorstepClient<M extends object = EventMap>(options: ClientOptions): DoorstepClient<M> {
  return new DoorstepClient<M>(options);
}
