/**
 * What travels over the socket (PROTOCOL section 4): names and shapes of the messages in both directions, typed as
 * Socket.IO's event maps so that a plain `socket.io-client` can use them without our SDK.
 */
import type { Envelope } from "./envelope.ts";
import type { ErrorAnswer, ErrorCode } from "./error.ts";
import type { Json, RunId } from "./json.ts";
import type { Offset } from "./offset.ts";

/** How a socket acknowledges. auto: a pong proves what was written before its ping. manual: `ack` messages only. */
export type AckMode = "auto" | "manual";

/** `auth` of the Socket.IO handshake. */
export interface Handshake {
  token: string;
  /** The last offset this client has, `"$"` for from now on; absent: from what the user has not acknowledged. */
  offset?: Offset | "$";
  ack?: AckMode;
  clientId?: string;
}

/** Sent once after catch-up. `offset` is where the socket stands, `replayed` how many events catch-up wrote. */
export interface Ready {
  clientId: string;
  offset: Offset;
  replayed: number;
  /** Whether everything after the presented offset arrived, without a gap. */
  recovered: boolean;
  /** Id of the gateway that holds this socket. */
  gateway: string;
}

export const GAP_REASONS = ["trimmed", "failover", "expired", "overflow", "dropped"] as const;
export type GapReason = (typeof GAP_REASONS)[number];

/** Events after `from` up to and including `to` are not to be had (P2). The client goes on from `to`. */
export interface Gap {
  from: Offset;
  to: Offset;
  reason: GapReason;
  /** How many, where that is known. */
  count?: number;
  /** True where a loss cannot be ruled out but is not known either. */
  possible?: boolean;
}

export interface Drain {
  /** When to move to another gateway, in milliseconds from now. */
  afterMs: number;
}

export interface Degraded {
  /** Since when live push may be late, RFC 3339; null once all is well again. */
  since: string | null;
}

export interface Expiring {
  /** When the token ends, RFC 3339. */
  at: string;
}

export interface Ack {
  offset: Offset;
}

export interface Refresh {
  token: string;
}

export interface RefreshAnswer {
  ok: boolean;
  code?: ErrorCode;
}

/** A browser's Web Push subscription, as its `PushSubscription.toJSON()` gives it. */
export interface WebPushSubscription {
  /** Where the browser's push service takes messages for it: an `https:` URL. */
  readonly endpoint: string;
  readonly keys: {
    /** The browser's public key, an uncompressed point of P-256: 65 bytes in base64url. */
    readonly p256dh: string;
    /** The secret both sides share: 16 bytes in base64url. */
    readonly auth: string;
  };
}

/** Keeps a subscription for the socket's user, or forgets the one with this endpoint. */
export type WebPushChange =
  | { readonly subscription: WebPushSubscription }
  | { readonly endpoint: string; readonly remove: true };

export interface WebPushAnswer {
  ok: boolean;
  code?: ErrorCode;
}

export interface CommandMessage {
  id: string;
  runId: RunId;
  name: string;
  payload?: Json;
}

export interface CommandReceipt {
  status: "accepted" | "duplicate" | "rejected";
  code?: ErrorCode;
}

/** Messages from the hub. */
export interface ServerToClientEvents {
  events: (events: Envelope[]) => void;
  ephemeral: (events: Envelope[]) => void;
  ready: (ready: Ready) => void;
  gap: (gap: Gap) => void;
  drain: (drain: Drain) => void;
  degraded: (degraded: Degraded) => void;
  expiring: (expiring: Expiring) => void;
  closing: (closing: ErrorAnswer) => void;
}

/** Messages from a client. */
export interface ClientToServerEvents {
  ack: (ack: Ack) => void;
  command: (command: CommandMessage, callback: (receipt: CommandReceipt) => void) => void;
  refresh: (refresh: Refresh, callback: (answer: RefreshAnswer) => void) => void;
  push: (change: WebPushChange, callback: (answer: WebPushAnswer) => void) => void;
}
