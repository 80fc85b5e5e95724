/**
 * Acknowledger: explicit acks of an application that acknowledges after processing (`ack: "manual"`).
 *
 * Acks are cumulative, so only the latest counts: it is sent at the end of an interval that the first one starts, at most
 * one message an interval. What cannot be sent now stays until the connection is ready again. An ack here is also what
 * the next handshake presents, since presenting an offset acknowledges up to it.
 */
import { compareOffsets, type Offset } from "@doorstep/protocol";
import type { Clock } from "./clock.ts";

/** At most one ack message in this time: one costs the gateway as much as writing several events. */
export const ACK_INTERVAL_MS = 1_000;

export class Acknowledger {
  readonly #clock: Clock;
  readonly #send: (offset: Offset) => boolean;
  #acked: Offset | undefined;
  #isUnsent = false;
  #cancelTimer: (() => void) | undefined;

  /** `send` answers whether the message went out. */
  constructor(clock: Clock, send: (offset: Offset) => boolean) {
    this.#clock = clock;
    this.#send = send;
  }

  /** The last offset the application acknowledged; undefined before the first. */
  get acked(): Offset | undefined {
    return this.#acked;
  }

  /** Starts from, or goes back to, an offset that needs no message. */
  reset(offset: Offset): void {
    this.#acked = offset;
    this.#isUnsent = false;
  }

  /** Acknowledges up to `offset`; answers whether that was news. */
  acknowledge(offset: Offset): boolean {
    if (this.#acked !== undefined && compareOffsets(offset, this.#acked) <= 0) return false;
    this.#acked = offset;
    this.#isUnsent = true;
    this.#cancelTimer ??= this.#clock.schedule(() => this.flush(), ACK_INTERVAL_MS);
    return true;
  }

  /** Sends what is unsent now, where that is possible. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#isUnsent && this.#acked !== undefined && this.#send(this.#acked)) this.#isUnsent = false;
  }
}
