/** Limits that publishers, gateways and couriers of one hub should share. */
import { LIMITS } from "@doorstep/protocol";

export const MAILBOX_POLICIES = ["reject", "drop_oldest"] as const;
export type MailboxPolicy = (typeof MAILBOX_POLICIES)[number];

export interface StoreLimits {
  /** Events a log keeps for devices that resume. @default 1000 */
  readonly logMaxEvents: number;
  /** Milliseconds a log keeps events for devices that resume. @default 86400000 (24 h) */
  readonly logMaxAgeMs: number;
  /** Most undelivered events of a user. @default 10000 */
  readonly mailboxMaxEvents: number;
  /** Most undelivered bytes of a user. @default 8388608 (8 MiB) */
  readonly mailboxMaxBytes: number;
  /** What is done where a mailbox is full: refuse the publish (MAILBOX_FULL), or let the oldest events go. @default "reject" */
  readonly mailboxPolicy: MailboxPolicy;
  /** Most bytes of one event. @default 65536 (64 KiB) */
  readonly maxPayloadBytes: number;
  /** How long an event id chosen by a caller is remembered. @default 600000 (10 min) */
  readonly dedupeWindowMs: number;
  /** How long an undelivered event without an expiry of its own is held. @default 604800000 (7 days) */
  readonly holdMs: number;
  /** Replicas that have to have what is appended with `durability: "replicated"`, from 1. @default 1 */
  readonly minReplicas: number;
  /** How long such an append waits for them, in milliseconds, 1 to MAX_REPLICA_TIMEOUT_MS. @default 1000 */
  readonly replicaTimeoutMs: number;
}

/** Longest wait for replicas: a connection that owes an answer for longer is taken for dead. */
export const MAX_REPLICA_TIMEOUT_MS = 3_000;

const DAY_MS = 86_400_000;

export const DEFAULT_LIMITS: StoreLimits = Object.freeze({
  logMaxEvents: 1_000,
  logMaxAgeMs: DAY_MS,
  mailboxMaxEvents: 10_000,
  mailboxMaxBytes: 8 * 1024 * 1024,
  mailboxPolicy: "reject",
  maxPayloadBytes: LIMITS.payloadBytes,
  dedupeWindowMs: 600_000,
  holdMs: 7 * DAY_MS,
  minReplicas: 1,
  replicaTimeoutMs: 1_000,
});

/** How long a user's keys live after the last append: no event may outlive its log and its parcels. */
export function keepMs(limits: StoreLimits): number {
  return Math.max(limits.holdMs, limits.logMaxAgeMs) + DAY_MS;
}
