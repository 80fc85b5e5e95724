/**
 * The run book: every run this browser has seen, folded by the protocol's own reducer, kept over reloads.
 *
 * Runs and offset are saved together, in one item of localStorage: what was folded and from where to go on belong to
 * each other. A tab that is closed and opened again shows what it had, and the replay brings the rest. It outlives
 * clients, so that moving to another gateway loses nothing either.
 */
import { isEnded, type Offset, type OffsetStore, type RunView } from "@doorstep/client";
import { type Envelope, isRecord, reduceRun } from "@doorstep/protocol";
import { Store } from "./store.ts";

/** Where the book is kept; localStorage, or a stand-in. */
export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

const MAX_RUNS = 12;
const SAVE_AFTER_MS = 250;

export class RunBook {
  /** The runs, newest first. */
  readonly runs: Store<readonly RunView[]>;
  readonly #shelf: Shelf;
  readonly #key: string;
  readonly #onError: (error: unknown) => void;
  #offset: Offset | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(shelf: Shelf, userId: string, onError: (error: unknown) => void) {
    this.#shelf = shelf;
    this.#onError = onError;
    this.#key = `doorstep-demo:${userId}`;
    const saved = this.#load();
    this.#offset = saved.offset;
    this.runs = new Store(saved.runs);
  }

  /** Whether this browser was here before. */
  get isKnown(): boolean {
    return this.#offset !== undefined;
  }

  /** Where clients keep their offset: in the book. */
  get offsetStore(): OffsetStore {
    return {
      get: () => this.#offset,
      set: (offset) => {
        this.#offset = offset;
        this.#timer ??= setTimeout(() => this.save(), SAVE_AFTER_MS);
      },
    };
  }

  /** Folds an event into its run. */
  apply(event: Envelope): void {
    const { runId } = event;
    if (runId === undefined) return;
    const runs = this.runs.get();
    const known = runs.find((run) => run.runId === runId);
    const view = reduceRun(known, event);
    if (view === known) return;
    const next = known === undefined ? [view, ...runs] : runs.map((run) => (run === known ? view : run));
    this.runs.set(next.slice(0, MAX_RUNS));
  }

  /** Saves now; a browser that refuses (full, private) keeps the book for this visit only. */
  save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      this.#shelf.setItem(this.#key, JSON.stringify({ offset: this.#offset, runs: this.runs.get() }));
    } catch (error) {
      this.#onError(error);
    }
  }

  #load(): { offset: Offset | undefined; runs: RunView[] } {
    try {
      const saved: unknown = JSON.parse(this.#shelf.getItem(this.#key) ?? "null");
      if (!isRecord(saved) || typeof saved["offset"] !== "string" || !Array.isArray(saved["runs"])) throw new Error();
      return { offset: saved["offset"], runs: saved["runs"] as RunView[] };
    } catch {
      // Nothing there, or nothing we wrote: a first visit.
      return { offset: undefined, runs: [] };
    }
  }
}

/** Whether a run goes on. */
export function isRunning(run: RunView): boolean {
  return !isEnded(run);
}
