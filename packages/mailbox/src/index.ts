/** Custody of undelivered events in BullMQ; the only package that knows BullMQ. */

// Gateways
export type { Mailbox, MailboxOptions } from "./mailbox.ts";
export { openMailbox } from "./mailbox.ts";
export type { ParcelEvent } from "./parcel.ts";
export type { OnError } from "./queue.ts";
export type {
  DeadLetterFilter,
  DeadLetterOffice,
  DeadLetterPage,
  DeadLetterSummary,
  PurgeResult,
} from "./dead-letter-office.ts";
export { summarize } from "./dead-letter-office.ts";

// Couriers
export type { MailboxCensus, QueueCensus } from "./census.ts";
export type { BoardQueue, CourierMailbox, CourierMailboxOptions } from "./courier-mailbox.ts";
export { openCourierMailbox } from "./courier-mailbox.ts";
export type { DeadLetter, DeadLetterReason } from "./dead-letter.ts";
export type { EscalationAttempt, EscalationOutcome, Escalator, PlannedEscalation } from "./escalation.ts";
export type { HistoryEntry } from "./parcel-progress.ts";
export { DEAD_LETTER_REASONS } from "./dead-letter.ts";
export type { RetentionBound } from "./dead-letter-retention.ts";
export { DEFAULT_DEAD_LETTER_MAX_AGE_MS, DEFAULT_DEAD_LETTER_MAX_COUNT } from "./dead-letter-retention.ts";
export type { Schedule, Slice } from "./schedule.ts";
export type { SweepCounts, SweepOutcome } from "./sweep.ts";
export { SWEEP_OUTCOMES } from "./sweep.ts";
