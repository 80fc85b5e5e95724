/**
 * A socket's session: what a client may say, and how long it may stay.
 *
 * Every message is decoded; a bad one gets its code (in its callback where it brought one), is counted and changes
 * nothing, and the client that keeps sending them is closed. The token's end closes the socket unless a fresh token of
 * the same user came in time.
 */
import {
  type CommandReceipt,
  decodeAck,
  decodeCommand,
  decodeRefresh,
  decodeWebPushChange,
  DoorstepError,
  type RefreshAnswer,
  toDoorstepError,
  type WebPushAnswer,
} from "@doorstep/protocol";
import type { PushSubscriptions } from "@doorstep/store";
import type { Acknowledger } from "../delivery/acknowledger.ts";
import type { UserSocket } from "../delivery/user-socket.ts";
import type { GatewayMetrics } from "../metric.ts";
import { closeSocket } from "./closing.ts";
import type { GatewaySocket } from "./socket.ts";
import type { VerifyToken } from "./token.ts";

export interface SessionOptions {
  readonly acknowledger: Acknowledger;
  readonly metrics: GatewayMetrics;
  readonly verifyToken: VerifyToken;
  readonly pushSubscriptions: PushSubscriptions;
}

/** Bad messages a socket may send before it is closed. */
const MOST_BAD_MESSAGES = 10;
/** Web Push changes that a socket may have on their way to Redis. */
const MOST_PUSHES_AT_ONCE = 4;
const EXPIRING_NOTICE_MS = 60_000;
/** Longest wait of a timer; a token may live longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const KNOWN_MESSAGES: ReadonlySet<string> = new Set(["ack", "command", "refresh", "push"]);

type Answer = ((answer: unknown) => void) | undefined;

export class Session {
  readonly #socket: GatewaySocket;
  readonly #delivery: UserSocket;
  readonly #options: SessionOptions;
  #timer: NodeJS.Timeout | undefined;
  #pushes = 0;

  constructor(socket: GatewaySocket, delivery: UserSocket, options: SessionOptions) {
    this.#socket = socket;
    this.#delivery = delivery;
    this.#options = options;
    // Untyped on purpose: a client may send anything, and the decoders are the types.
    const incoming = socket as unknown as { on(name: string, listener: (...args: unknown[]) => void): void };
    incoming.on("ack", (...args) => this.#guard(answerOf(args), () => this.#ack(args[0])));
    incoming.on("command", (...args) => this.#command(args[0], answerOf(args)));
    incoming.on("refresh", (...args) => void this.#settle(answerOf(args), () => this.#refresh(args[0])));
    incoming.on("push", (...args) => void this.#settle(answerOf(args), () => this.#push(args[0])));
    socket.onAny((name: string, ...args: unknown[]) => {
      if (!KNOWN_MESSAGES.has(name)) this.#refuse(new DoorstepError("UNKNOWN_MESSAGE"), answerOf(args));
    });
    this.#watchToken();
  }

  /** Forgets the socket. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #ack(message: unknown): void {
    // Whoever acknowledges by hand does so when it matters.
    this.#options.acknowledger.ack(this.#delivery, decodeAck(message).offset, true);
  }

  /** Runs of agents do not take commands yet, so every well-formed command names a run that is not there. */
  #command(message: unknown, answer: Answer): void {
    this.#guard(answer, () => {
      decodeCommand(message);
      answer?.({ status: "rejected", code: "NOT_FOUND" } satisfies CommandReceipt);
    });
  }

  async #refresh(message: unknown): Promise<void> {
    const identity = await this.#options.verifyToken(decodeRefresh(message).token);
    if (!this.#socket.connected) return;
    if (identity.userId !== this.#socket.data.userId)
      throw new DoorstepError("FORBIDDEN", "the token is of another user");
    this.#socket.data.expiresAtMs = identity.expiresAtMs;
    this.#watchToken();
  }

  async #push(message: unknown): Promise<void> {
    const change = decodeWebPushChange(message);
    if (this.#pushes >= MOST_PUSHES_AT_ONCE) throw new DoorstepError("RATE_LIMITED", "wait for the answers");
    const { clientId, user } = this.#delivery;
    const { pushSubscriptions } = this.#options;
    this.#pushes += 1;
    try {
      if ("remove" in change) await pushSubscriptions.remove(user.keys, change.endpoint);
      else await pushSubscriptions.add(user.keys, change.subscription, clientId);
    } finally {
      this.#pushes -= 1;
    }
  }

  /** Handles a message whose answer takes a while and says no more than whether it went well. */
  async #settle(answer: Answer, handle: () => Promise<void>): Promise<void> {
    try {
      await handle();
      answer?.({ ok: true } satisfies RefreshAnswer & WebPushAnswer);
    } catch (thrown) {
      const error = toDoorstepError(thrown);
      this.#refuse(error, (refusal) => answer?.({ ok: false, ...(refusal as object) }));
    }
  }

  #guard(answer: Answer, handle: () => void): void {
    try {
      handle();
    } catch (thrown) {
      const error = toDoorstepError(thrown);
      this.#refuse(error, (refusal) => answer?.({ status: "rejected", ...(refusal as object) }));
    }
  }

  #refuse(error: DoorstepError, answer: Answer): void {
    this.#options.metrics.badMessages.inc({ code: error.code });
    answer?.(error.toAnswer());
    // What the hub itself could not do is not the client's fault.
    if (error.status >= 500) return;
    if (++this.#socket.data.badMessages > MOST_BAD_MESSAGES) this.#end(new DoorstepError("BAD_MESSAGES"));
  }

  #watchToken(): void {
    clearTimeout(this.#timer);
    const leftMs = this.#socket.data.expiresAtMs - Date.now();
    if (leftMs > EXPIRING_NOTICE_MS) {
      this.#wait(leftMs - EXPIRING_NOTICE_MS, () => this.#watchToken());
      return;
    }
    const at = new Date(this.#socket.data.expiresAtMs).toISOString();
    this.#socket.emit("expiring", { at });
    this.#wait(Math.max(0, leftMs), () => this.#end(new DoorstepError("TOKEN_EXPIRED")));
  }

  #wait(delayMs: number, then: () => void): void {
    this.#timer = setTimeout(then, Math.min(delayMs, LONGEST_TIMER_MS)).unref();
  }

  #end(error: DoorstepError): void {
    this.#options.metrics.closings.inc({ code: error.code });
    closeSocket(this.#socket, error);
  }
}

/** The callback of a message: its last argument, also where that is the only one. */
function answerOf(args: readonly unknown[]): Answer {
  const callback = args.at(-1);
  return typeof callback === "function" ? (callback as (answer: unknown) => void) : undefined;
}
