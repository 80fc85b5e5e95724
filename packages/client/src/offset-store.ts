/**
 * Where a client keeps its offset between two lives of the page.
 *
 * "session" lasts as long as the tab, "local" as long as the browser keeps it, "memory" as long as the client object. A store that
 * fails (quota, privacy mode, a rejected promise) is told of once; the client goes on with the offset it has in memory, and a
 * later life starts from an older one: events come again rather than not at all.
 */
import { isOffset, type Offset } from "@doorstep/protocol";
import { type Report, toError } from "./emitter.ts";

/** A place for one offset. Both calls may be asynchronous; a later `set` never overtakes an earlier one. */
export interface OffsetStore {
  get(): Offset | undefined | Promise<Offset | undefined>;
  set(offset: Offset): void | Promise<void>;
}

export type OffsetStoreKind = "memory" | "session" | "local";

/** The part of a browser's Storage that is used. */
interface WebStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

type StorageScope = { readonly sessionStorage?: WebStorage; readonly localStorage?: WebStorage };

/** Tells the default: "session" where the page has a session storage that it may use, else "memory". */
export function defaultStoreKind(scope: object = globalThis): OffsetStoreKind {
  try {
    return (scope as StorageScope).sessionStorage === undefined ? "memory" : "session";
  } catch {
    // Merely asking throws where the browser's user forbids storage.
    return "memory";
  }
}

/** Makes the store of a kind; the storage itself is not touched before the first call. */
export function createOffsetStore(kind: OffsetStoreKind, key: string, scope: object = globalThis): OffsetStore {
  if (kind === "memory") return { get: () => undefined, set: () => undefined };
  const storage = (): WebStorage => {
    const found = (scope as StorageScope)[kind === "session" ? "sessionStorage" : "localStorage"];
    if (found === undefined) throw new Error(`there is no ${kind} storage here`);
    return found;
  };
  return {
    get: () => storage().getItem(key) ?? undefined,
    set: (offset) => storage().setItem(key, offset),
  };
}

/** A store that cannot fail: writes in order, one at a time, the latest only; reports the first error. */
export class SafeOffsetStore {
  readonly #store: OffsetStore;
  readonly #report: Report;
  #hasFailed = false;
  #unwritten: Offset | undefined;
  #writing: Promise<void> | undefined;

  constructor(store: OffsetStore, report: Report) {
    this.#store = store;
    this.#report = report;
  }

  /** Reads the offset; undefined where there is none, where it is not one, and where the store fails. */
  async get(): Promise<Offset | undefined> {
    try {
      const offset = await this.#store.get();
      return isOffset(offset) ? offset : undefined;
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  /** Writes the offset, at once where the store is synchronous and idle. */
  set(offset: Offset): void {
    this.#unwritten = offset;
    if (this.#writing === undefined) this.#write();
  }

  /** Resolves once everything that was set is written or has failed. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  #write(): void {
    const offset = this.#unwritten;
    this.#unwritten = undefined;
    if (offset === undefined) return;
    try {
      const result = this.#store.set(offset);
      if (result !== undefined) this.#writing = this.#finish(result);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #finish(result: Promise<void>): Promise<void> {
    try {
      await result;
    } catch (error) {
      this.#fail(error);
    }
    this.#writing = undefined;
    this.#write();
  }

  #fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#report(new Error("the offset store failed; the offset stays in memory", { cause: toError(error) }));
  }
}
