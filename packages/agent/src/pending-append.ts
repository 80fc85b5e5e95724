/**
 * An append under way: tried until Redis has answered for good, its time is up, its signal aborts, or the hub closes.
 *
 * Every event makes one. So it is its own callback and its own entry among the deadlines, and only a try that failed costs a
 * promise.
 */
import {
  DoorstepError,
  type Durability,
  type EncodedEvent,
  type ErrorCode,
  type PublishResult,
  toDoorstepError,
  type UserId,
} from "@doorstep/protocol";
import type { AppendOptions, AppendSink } from "@doorstep/store";
import type { Deadlines, Expiring, Place } from "./deadline.ts";
import type { RetryGate } from "./retry-gate.ts";

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

/** What all appends of a publisher share. */
export interface Road {
  readonly gate: RetryGate;
  readonly deadlines: Deadlines;
  /** Makes one try; may throw. */
  readonly attempt: (userId: UserId, events: readonly EncodedEvent[], options: AppendOptions, sink: AppendSink) => void;
  /** Told when one of them is no longer under way. */
  readonly onEnd: () => void;
}

export class PendingAppend implements AppendSink, Expiring {
  readonly timeoutMs: number;
  place: Place | undefined = undefined;
  readonly #road: Road;
  readonly #userId: UserId;
  readonly #events: readonly EncodedEvent[];
  readonly #durability: Durability;
  readonly #signal: AbortSignal | undefined;
  /** Place in the order of all appends. */
  readonly #turn: number;
  readonly #caller: AppendSink;
  readonly #onAbort: (() => void) | undefined;
  #tries = 0;
  #last: DoorstepError | undefined;
  /** Whether a try is under way, whose outcome is not known. */
  #isTrying = false;
  #isOver = false;

  /** Its time counts from now; `start` makes the first try. */
  constructor(
    road: Road,
    userId: UserId,
    events: readonly EncodedEvent[],
    { timeoutMs, signal, durability }: Terms,
    turn: number,
    caller: AppendSink,
  ) {
    this.timeoutMs = timeoutMs;
    this.#road = road;
    this.#userId = userId;
    this.#events = events;
    this.#durability = durability;
    this.#turn = turn;
    this.#caller = caller;
    road.deadlines.add(this);
    if (signal === undefined) return;
    this.#signal = signal;
    this.#onAbort = () => this.expire();
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Tries, behind whatever waits already of the same user. */
  start(): void {
    if (this.#road.gate.holds(this.#userId)) this.#tryLater();
    else this.#try();
  }

  /** Redis answered. */
  resolve(results: PublishResult[]): void {
    if (this.#end()) this.#caller.resolve(results);
  }

  /** A try failed. */
  reject(thrown: unknown): void {
    const failure = toDoorstepError(thrown);
    this.#last = failure;
    this.#isTrying = false;
    if (isRetried(failure)) {
      this.#tryLater();
      this.#tries += 1;
    } else if (this.#end()) this.#caller.reject(failure);
  }

  /** The time is up. A try under way goes on unheard: the append may have happened all the same. */
  expire(): void {
    if (!this.#end()) return;
    const last = this.#last;
    // After UNDER_REPLICATED it did happen.
    const isKnown = last !== undefined && (!this.#isTrying || last.code === "UNDER_REPLICATED");
    this.#caller.reject(
      isKnown ? last : new DoorstepError("UNAVAILABLE", "Redis did not answer while the caller had patience"),
    );
  }

  #try(): void {
    if (this.#isOver) return;
    const isRetry = this.#tries > 0;
    this.#isTrying = true;
    try {
      this.#road.attempt(this.#userId, this.#events, { isRetry, durability: this.#durability }, this);
    } catch (error) {
      this.reject(error);
    }
  }

  #tryLater(): void {
    if (this.#isOver) return;
    void this.#road.gate.wait(this.#userId, this.#turn, this.#tries).then(() => this.#try());
  }

  /** False where it was over before. */
  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#road.deadlines.delete(this);
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#road.onEnd();
    return true;
  }
}
