/** Any value that JSON can carry. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

declare const brand: unique symbol;

/** An optional brand: plain strings still assign, a swap between two brands does not compile. */
export type Brand<T, B extends string> = T & { readonly [brand]?: B };

/** Id of a user as the application knows it; any text up to `LIMITS.userIdBytes` bytes of UTF-8. */
export type UserId = Brand<string, "UserId">;
/** Id of a conversation. */
export type ThreadId = Brand<string, "ThreadId">;
/** Id of one run of an agent. */
export type RunId = Brand<string, "RunId">;
/** Id of an event, unique for its user; the key of deduplication (P1). */
export type EventId = Brand<string, "EventId">;

/** Whether `value` is a plain object, the only shape that messages and payload envelopes have. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
