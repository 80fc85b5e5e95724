/**
 * What an escalation is delivered to: one interface for the webhook, Web Push and what may follow.
 *
 * A sink keeps nothing between two calls and never throws for what a remote does: every end is an Outcome. Whoever calls
 * reads the user's ack offset right before, decides about another attempt (back-off.ts), and keeps the delivery id the
 * same for all attempts. A delivery may arrive more than once; its id is what a receiver tells repetitions by.
 */
import { createHash } from "node:crypto";
import type { ParcelEvent } from "@doorstep/mailbox";
import type { Offset } from "@doorstep/protocol";

/** The sinks that rules can name. */
export const SINK_NAMES = ["webhook", "web-push"] as const;

export type SinkName = (typeof SINK_NAMES)[number];

/** One escalation of one user's events to one sink. */
export interface Delivery {
  /** The same for every attempt; made by `deliveryIdOf`. */
  readonly deliveryId: string;
  readonly userId: string;
  /** In log order, at least one. */
  readonly events: readonly ParcelEvent[];
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** When the escalation came due, milliseconds since 1970; the same for every attempt. */
  readonly occurredAtMs: number;
}

/**
 * How an attempt ended.
 *
 *   delivered  the remote took it
 *   retry      not now: try again, not before `afterMs` where that is given
 *   gone       the remote wants nothing ever again
 *   refused    this delivery will never be taken; trying again is of no use
 *
 * A reason is for logs: a status, a code, an address; never a payload, a secret or a path.
 */
export type Outcome =
  | { readonly kind: "delivered" }
  | { readonly kind: "retry"; readonly reason: string; readonly afterMs?: number }
  | { readonly kind: "gone" }
  | { readonly kind: "refused"; readonly reason: string };

/** Takes escalations to somewhere outside the hub. */
export interface Sink {
  readonly name: SinkName;
  /** Makes one attempt, bounded in time. Does not throw for what a remote does. */
  deliver(delivery: Delivery): Promise<Outcome>;
}

/**
 * Makes the id of a delivery from the parcel's job id, the sink and the last offset of its events: an acknowledgement
 * takes events from the front, so the last one stays. Hashed, because signatures join the id with full stops, which job
 * ids contain, and because a job id tells the user's name.
 */
export function deliveryIdOf(jobId: string, sink: SinkName, to: Offset): string {
  const digest = createHash("sha256").update(`${jobId} ${sink} ${to}`).digest("base64url");
  return `dlv_${digest.slice(0, 32)}`;
}
