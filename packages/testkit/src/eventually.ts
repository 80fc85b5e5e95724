/**
 * Polling to a deadline: how tests wait for anything that happens in another process.
 *
 * The function is called until it succeeds: it must neither throw nor return a falsy value, so both
 * `eventually(() => expect(seen).toEqual([1, 2]))` and `eventually(async () => (await peek()) === "ready")` work.
 * A function that returns nothing at all has succeeded, since an assertion returns nothing. That is why a value that may be
 * undefined does not compile: `find(...)` would succeed at the first call. Say "not yet" with null: `find(...) ?? null`.
 */
import { setTimeout as delay } from "node:timers/promises";

/** How long and how often to try. */
export interface EventuallyOptions {
  /** Time until it gives up, in milliseconds. @default 10_000 */
  timeoutMs?: number;
  /** Pause between two tries, in milliseconds. @default 20 */
  intervalMs?: number;
  /** What is waited for, told in the error. */
  message?: string;
}

/** Refuses at compile time functions that return a value or undefined. */
export type Decided<T> = [T] extends [void]
  ? unknown
  : undefined extends T
    ? { "say 'not yet' with null, undefined counts as success": never }
    : unknown;

type Truthy<T> = Exclude<T, null | false | 0 | "">;

/**
 * Calls `fn` until it neither throws nor returns a falsy value, and returns its value.
 * Throws when time is up, with the time that passed and the last error as `cause`; a call that hangs is given up too.
 */
export async function eventually<T>(
  fn: (() => T | Promise<T>) & Decided<T>,
  { timeoutMs = 10_000, intervalMs = 20, message }: EventuallyOptions = {},
): Promise<Truthy<T>> {
  const started = performance.now();
  let last: unknown = new Error("the first call has not returned");
  for (;;) {
    const leftMs = timeoutMs - (performance.now() - started);
    const result = await attempt(fn, Math.max(0, leftMs));
    if (result.ok) return result.value as Truthy<T>;
    if (result.error !== undefined) last = result.error;
    if (performance.now() - started >= timeoutMs) break;
    await delay(intervalMs);
  }
  const elapsedMs = Math.round(performance.now() - started);
  const reason = last instanceof Error ? last.message : String(last);
  throw new Error(`${message ?? "it did not happen"} (gave up after ${elapsedMs} ms): ${reason}`, { cause: last });
}

type Attempt<T> = { ok: true; value: T } | { ok: false; error?: unknown };

/** One call: a value, an error, or neither when the deadline passed before it returned. */
async function attempt<T>(fn: () => T | Promise<T>, leftMs: number): Promise<Attempt<T>> {
  const deadline = new AbortController();
  const call = async (): Promise<Attempt<T>> => {
    try {
      const value = await fn();
      if (value === undefined || Boolean(value)) return { ok: true, value };
      return { ok: false, error: new Error(`the last call returned ${String(value)}`) };
    } catch (error) {
      return { ok: false, error };
    }
  };
  const giveUp = async (): Promise<Attempt<T>> => {
    await delay(leftMs, undefined, { signal: deadline.signal }).catch(() => "the call returned first");
    return { ok: false };
  };
  try {
    return await Promise.race([call(), giveUp()]);
  } finally {
    deadline.abort();
  }
}
