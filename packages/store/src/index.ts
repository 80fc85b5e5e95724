/** The only code that knows Redis: keys, scripts, connections. */

export type { Store, StoreOptions } from "./store.ts";
export { connectStore } from "./store.ts";
export type { RedisConnection } from "./connection.ts";
export type { Ack, AckingClient, AckResult } from "./ack.ts";
export type { AppendSink } from "./append.ts";
export { type AppendOptions, bodyOf, type Head, type Log, type LogEntry, type Page } from "./log.ts";
export type { Custody, DueUser, HoldOutcome, Look, LookTerms, Unheld, UnheldEvent } from "./custody.ts";
export type { CustodyEntry, ParcelEntry, TombstoneEntry } from "./custody-entry.ts";
export type { History } from "./history.ts";
export type { Connection, Presence } from "./presence.ts";
export type { PushSubscription, PushSubscriptions } from "./push-subscription.ts";
export type { EventState, MailboxState, Receipt, Receipts } from "./receipt.ts";
export type { PushMessage, Subscriber, SubscriberHandlers } from "./subscriber.ts";
export type { StoreLimits } from "./limit.ts";
export { DEFAULT_LIMITS, MAILBOX_POLICIES, type MailboxPolicy, MAX_REPLICA_TIMEOUT_MS } from "./limit.ts";
export type { UserKeys } from "./user-key.ts";
export { DEFAULT_PARTITIONS, queuePrefix } from "./user-key.ts";
export { parseRedisUrl } from "./redis-url.ts";
