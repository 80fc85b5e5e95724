/**
 * RunStore: every run the client has seen, folded by `reduceRun`, in the shape that renderers subscribe to.
 *
 * Views are immutable and keep their identity while nothing changes. Listeners are told once per batch of events, not
 * once per event, so that a long replay is one rendering. Bounded: past MAX_RUNS the oldest ended run is forgotten, or
 * the oldest of all where none has ended.
 */
import {
  DELIVERY,
  DoorstepError,
  type Envelope,
  isEnded,
  reduceRun,
  type RunId,
  type RunView,
} from "@doorstep/protocol";
import { Emitter, type Report, type Unsubscribe } from "./emitter.ts";

/** How many runs are kept. */
export const MAX_RUNS = 200;

/** One run, for rendering. `get` and `subscribe` have the shape of React's useSyncExternalStore and need no `this`. */
export interface RunHandle {
  readonly runId: RunId;
  /** The run as far as it is known here; undefined before its first event. */
  readonly get: () => RunView | undefined;
  /** Calls `fn` after every batch of events that changed the run. */
  readonly subscribe: (fn: () => void) => Unsubscribe;
  /** Resolves with the run after its terminal event; rejects with the signal's reason, or CLOSED when the client closes. */
  readonly finished: (options?: { signal?: AbortSignal }) => Promise<RunView>;
}

export class RunStore {
  readonly #views = new Map<RunId, RunView>();
  readonly #changed = new Set<RunId>();
  readonly #listeners: Emitter<[changed: ReadonlySet<RunId>]>;
  readonly #closing = new AbortController();
  #list: readonly RunView[] = [];

  constructor(report: Report) {
    this.#listeners = new Emitter(report);
  }

  /** Every run kept, oldest first; the same array until one changes. */
  list(): readonly RunView[] {
    return this.#list;
  }

  /** Folds one event. Nobody is told before `flush`. */
  apply(event: Envelope): void {
    const { runId } = event;
    if (runId === undefined || !Object.hasOwn(DELIVERY, event.type)) return;
    const known = this.#views.get(runId);
    const view = reduceRun(known, event);
    if (view === known) return;
    this.#views.set(runId, view);
    this.#changed.add(runId);
    if (this.#views.size > MAX_RUNS) this.#forgetOne(runId);
  }

  /** Tells the listeners what changed since the last flush. */
  flush(): void {
    if (this.#changed.size === 0) return;
    const changed = new Set(this.#changed);
    this.#changed.clear();
    this.#list = [...this.#views.values()];
    this.#listeners.emit(changed);
  }

  /** Calls `fn` with the list after every batch that changed it. */
  subscribe(fn: (runs: readonly RunView[]) => void): Unsubscribe {
    return this.#listeners.add(() => fn(this.#list));
  }

  /** Makes the handle of a run, known or not. */
  handle(runId: RunId): RunHandle {
    const get = (): RunView | undefined => this.#views.get(runId);
    const subscribe = (fn: () => void): Unsubscribe =>
      this.#listeners.add((changed) => (changed.has(runId) ? fn() : undefined));
    return { runId, get, subscribe, finished: ({ signal } = {}) => this.#finished(get, subscribe, signal) };
  }

  /** Rejects whoever still waits for a run to finish. */
  close(): void {
    this.#closing.abort(new DoorstepError("CLOSED", "the client was closed before the run finished"));
  }

  #finished(
    get: RunHandle["get"],
    subscribe: RunHandle["subscribe"],
    signal: AbortSignal | undefined,
  ): Promise<RunView> {
    const stop = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        const view = get();
        const isDone = view !== undefined && isEnded(view);
        if (!isDone && !stop.aborted) return;
        unsubscribe();
        stop.removeEventListener("abort", settle);
        if (isDone) resolve(view);
        else reject(stop.reason as Error);
      };
      const unsubscribe = subscribe(settle);
      stop.addEventListener("abort", settle);
      settle();
    });
  }

  /** Makes room, never at the cost of the run that has just changed. */
  #forgetOne(kept: RunId): void {
    const others = [...this.#views.values()].filter((view) => view.runId !== kept);
    const oldest = others.find(isEnded) ?? others[0];
    if (oldest !== undefined) this.#views.delete(oldest.runId);
  }
}
