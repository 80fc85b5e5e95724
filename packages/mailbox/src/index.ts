/** Custody of undelivered events in BullMQ; the only package that knows BullMQ. */

// Gateways
export type { Mailbox, MailboxOptions } from "./mailbox.ts";
export { openMailbox } from "./mailbox.ts";
export type { ParcelEvent } from "./parcel.ts";
export type { OnError } from "./queue.ts";

// Couriers
export type { CourierMailbox, CourierMailboxOptions, MailboxCounts } from "./courier-mailbox.ts";
export { openCourierMailbox } from "./courier-mailbox.ts";
export type { DeadLetter } from "./dead-letter.ts";
export type { Schedule, Slice } from "./schedule.ts";
export type { SweepCounts, SweepOutcome } from "./sweep.ts";
export { SWEEP_OUTCOMES } from "./sweep.ts";
