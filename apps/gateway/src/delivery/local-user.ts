/**
 * LocalUser: a user with at least one socket on this gateway, and the frame that gathers this tick's pushes for all of
 * the user's live sockets. What a socket is (`S`) is user-socket.ts' matter.
 */
import { type Offset, ZERO_OFFSET } from "@doorstep/protocol";
import type { UserKeys } from "@doorstep/store";

export class LocalUser<S> {
  readonly keys: UserKeys;
  readonly sockets = new Set<S>();
  /** Settles once the user's channel is subscribed. */
  readonly subscribed: Promise<void>;

  /** This tick's logged events, how many they are and where they end. */
  pending: Buffer[] = [];
  pendingCount = 0;
  pendingFirst: Offset = ZERO_OFFSET;
  pendingLast: Offset = ZERO_OFFSET;
  /** This tick's ephemeral events. */
  ephemeral: Buffer[] = [];
  ephemeralCount = 0;
  isDirty = false;
  /** When the last frame of pushes was written, milliseconds since 1970; 0 before the first. */
  pushedAtMs = 0;

  /** What Redis has as acknowledged, as far as this gateway knows, and what it still has to tell. */
  acked: Offset = ZERO_OFFSET;
  ackWanted: Offset = ZERO_OFFSET;
  /** The socket that said so. */
  acker: S | undefined;
  isAcking = false;
  /** Durable events nobody had acknowledged when a head check last looked. */
  undelivered = 0;

  constructor(keys: UserKeys, subscribed: Promise<void>) {
    this.keys = keys;
    this.subscribed = subscribed;
  }

  /** Goes back to what Redis has as acknowledged, after it lost an ack. */
  rewind(acked: Offset): void {
    this.acked = acked;
    this.ackWanted = acked;
  }
}
