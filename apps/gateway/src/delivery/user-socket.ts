/**
 * UserSocket: one browser's connection and where it stands in its user's log.
 *
 *   offset     the last event queued for it, including this tick's frame
 *   written    the last event given to the connection
 *   announced  the newest head anyone told of since its last read began
 *
 * Frames are prepared, so neither Socket.IO nor the WebSocket has anything to add to them. While nothing waits on its
 * way, a small one goes straight into the TCP socket, which is most of what an event costs less. Behind anything that
 * waits, or where it is large, it goes through the engine: that keeps the order, and tells when all has drained. The
 * backlog is what engine and socket have not yet given to the kernel; it bounds what a slow reader costs (P8).
 */
import type { Socket } from "node:net";
import { type AckMode, type Offset, ZERO_OFFSET } from "@doorstep/protocol";
import type { LocalUser } from "./local-user.ts";
import type { Phase } from "./delivery-state.ts";
import type { GatewaySocket } from "../connect/socket.ts";
import { type PingBudget, PingMarks } from "./ping-marks.ts";

/** Why a socket is catching up: a label of the catch-ups counter. */
export type CatchUpCause = "connect" | "push_lost" | "head_check" | "failover" | "slow";

/** What engine.io and ws keep to themselves; the WebSocket is absent where another transport is in use. */
interface Engine {
  readonly writeBuffer: readonly unknown[];
  /** Runs while the engine waits for a pong. */
  readonly pingTimeoutTimer: unknown;
  sendPacket(type: "ping"): void;
  readonly transport: { readonly socket?: { readonly readyState?: number; readonly _socket?: Socket } };
}

/** The state of a WebSocket in which it takes data. */
const OPEN = 1;
/** Longest frame that may pass the engine by: well below any budget, so that it alone never has to drain. */
const DIRECT_BYTES = 4_096;

export interface UserSocketOptions {
  readonly ackMode: AckMode;
  readonly clientId: string;
  readonly start: Offset | "acked" | "$";
  readonly pingBudget: PingBudget;
}

export class UserSocket {
  readonly socket: GatewaySocket;
  readonly user: LocalUser<UserSocket>;
  readonly ackMode: AckMode;
  readonly clientId: string;
  /** A socket that started at "$" never got what was before, so nothing it says acknowledges. */
  readonly canAck: boolean;
  /** Where its first page starts: after an offset, after what is acknowledged, or at the head. */
  readonly start: Offset | "acked" | "$";

  phase: Phase = "reading";
  offset: Offset = ZERO_OFFSET;
  written: Offset = ZERO_OFFSET;
  announced: Offset = ZERO_OFFSET;
  /** Everything after this one was or will be written to it: where it started, or the end of its last gap. */
  since: Offset = ZERO_OFFSET;
  /** What pongs prove; absent where they acknowledge nothing. */
  readonly marks: PingMarks | undefined;
  /** The mark (see History) that this client has been told of, or that it came after. */
  told: Offset = ZERO_OFFSET;
  /** Whether it gets the user's pending frame. */
  isQueued = false;
  /** Whether its first page was written; until then it stands at `start`. */
  hasPage = false;
  isReady = false;
  isRecovered = true;
  replayed = 0;
  /** Since when it has been over its budget; 0 while it is not. */
  waitingSinceMs = 0;
  #engineBytes = 0;

  constructor(socket: GatewaySocket, user: LocalUser<UserSocket>, options: UserSocketOptions) {
    this.socket = socket;
    this.user = user;
    this.ackMode = options.ackMode;
    this.clientId = options.clientId;
    this.start = options.start;
    this.canAck = options.start !== "$";
    this.marks = this.canAck && this.ackMode === "auto" ? new PingMarks(options.pingBudget) : undefined;
    // A ping that left before anything was written: its pong is none of a later ping.
    if (this.#engine.pingTimeoutTimer !== null) this.marks?.pinged(ZERO_OFFSET);
    socket.conn.on("flush", () => (this.#engineBytes = 0));
  }

  /** Whether it stands on the mark it was told of, which may lie above its log's head. */
  get isOnMark(): boolean {
    return this.offset === this.told && this.told !== ZERO_OFFSET;
  }

  /** Whether its client had everything before `since` already: it presented that offset, and no gap came. */
  get isResumed(): boolean {
    return this.since === this.start;
  }

  /** Bytes that were written and have not reached the kernel. */
  get backlogBytes(): number {
    return this.#engineBytes + (this.#engine.transport.socket?._socket?.writableLength ?? 0);
  }

  /** Gives a frame to the connection. */
  send(frame: Buffer): void {
    const { writeBuffer, transport } = this.#engine;
    const wire = transport.socket?.readyState === OPEN ? transport.socket._socket : undefined;
    if (wire?.writableLength === 0 && writeBuffer.length === 0 && frame.length <= DIRECT_BYTES) {
      wire.write(frame);
      return;
    }
    this.#engineBytes += frame.length;
    // The data is only looked at by other transports; the WebSocket writes the prepared frame.
    this.socket.conn.write("", { wsPreEncodedFrame: [frame] } as object);
  }

  get #engine(): Engine {
    return this.socket.conn as unknown as Engine;
  }

  /** Gives a frame of `count` logged events up to `last` to the connection. */
  sendEvents(frame: Buffer, last: Offset, count: number): void {
    this.send(frame);
    this.written = last;
    this.marks?.wrote(count, frame.length);
    this.pingIfDue();
  }

  /** Sends a ping early where much was written. The engine takes its pong like any: the next of its own comes later. */
  pingIfDue(): void {
    if (this.marks?.isDue === true) this.#engine.sendPacket("ping");
  }

  /** Sends a ping early unless one is under way: from either's pong on, the engine counts its interval anew. */
  pingUnlessUnderWay(): void {
    if (this.#engine.pingTimeoutTimer === null && this.marks?.isAnswered !== false) this.#engine.sendPacket("ping");
  }
}
