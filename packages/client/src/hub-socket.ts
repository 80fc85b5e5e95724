/**
 * HubSocket: one Socket.IO socket from open to close, in terms of the protocol.
 *
 * A new manager for each, with Socket.IO's own reconnection and recovery off: token and offset must be fresh every time.
 * Messages are decoded here; a malformed one is reported and ignored, so a newer or broken hub cannot make the page
 * throw. After `close` nothing is called any more.
 */
import {
  type ClientToServerEvents,
  decodeDrain,
  decodeGap,
  decodeReady,
  type Drain,
  type Gap,
  type Handshake,
  isRecord,
  type Offset,
  type Ready,
  type ServerToClientEvents,
  type WebPushChange,
} from "@doorstep/protocol";
import { io, type Socket } from "socket.io-client";
import { type Report, toError } from "./emitter.ts";
import { type Loss, lossByAnswer, lossByConnectError, lossByTransport } from "./loss.ts";
import type { Settings } from "./option.ts";

/** What a socket tells. Batches are handed on as they came: the inbox decodes them one by one. */
export interface SocketHandlers {
  onOpened(): void;
  /** The end, also of a socket that never opened; `close` is left to the receiver. */
  onLost(loss: Loss): void;
  onEvents(batch: unknown): void;
  onEphemeral(batch: unknown): void;
  onGap(gap: Gap): void;
  onReady(ready: Ready): void;
  onDrain(drain: Drain): void;
  /** The token ends soon. */
  onExpiring(): void;
  report: Report;
}

export class HubSocket {
  readonly #socket: Socket<ServerToClientEvents, ClientToServerEvents>;
  readonly #answerTimeoutMs: number;

  constructor(settings: Settings, handshake: Handshake, handlers: SocketHandlers) {
    this.#answerTimeoutMs = settings.connectTimeoutMs;
    const socket = io(settings.url, {
      ...settings.io,
      path: settings.path,
      transports: ["websocket"],
      reconnection: false,
      forceNew: true,
      autoConnect: true,
      auth: handshake,
    });
    this.#socket = socket;
    const read = <T>(decode: (value: unknown) => T, handle: (message: T) => void) => {
      return (value: unknown): void => {
        const message = tryDecode(decode, value, handlers.report);
        if (message !== undefined) handle(message);
      };
    };
    socket.on("connect", () => handlers.onOpened());
    socket.on("connect_error", (error) => handlers.onLost(lossByConnectError(error)));
    socket.on("disconnect", (reason) => handlers.onLost(lossByTransport(`the connection ended: ${reason}`)));
    socket.on("closing", (value: unknown) => handlers.onLost(lossByAnswer(value)));
    socket.on("events", (batch: unknown) => handlers.onEvents(batch));
    socket.on("ephemeral", (batch: unknown) => handlers.onEphemeral(batch));
    socket.on(
      "gap",
      read(decodeGap, (gap) => handlers.onGap(gap)),
    );
    socket.on(
      "ready",
      read(decodeReady, (ready) => handlers.onReady(ready)),
    );
    socket.on(
      "drain",
      read(decodeDrain, (drain) => handlers.onDrain(drain)),
    );
    socket.on("expiring", () => handlers.onExpiring());
  }

  /** Sends a cumulative ack. */
  sendAck(offset: Offset): void {
    this.#socket.emit("ack", { offset });
  }

  /** Gives the hub a fresh token; throws where the hub refuses it or does not answer. */
  async refresh(token: string): Promise<void> {
    const answer: unknown = await this.#socket.timeout(this.#answerTimeoutMs).emitWithAck("refresh", { token });
    if (!isRecord(answer) || answer["ok"] !== true) throw new Error("the hub refused the fresh token");
  }

  /** Tells the hub of a Web Push subscription and answers what the hub says; throws where it says nothing in time. */
  async changeWebPush(change: WebPushChange): Promise<unknown> {
    return this.#socket.timeout(this.#answerTimeoutMs).emitWithAck("push", change);
  }

  /**
   * Closes the socket without another word. An open one is closed below Socket.IO: its server ignores what arrives
   * together with a DISCONNECT packet, and that would be the last ack.
   */
  close(): void {
    this.#socket.off();
    if (this.#socket.connected) this.#socket.io.engine.close();
    else this.#socket.disconnect();
  }
}

function tryDecode<T>(decode: (value: unknown) => T, value: unknown, report: Report): T | undefined {
  try {
    return decode(value);
  } catch (error) {
    report(toError(error));
    return undefined;
  }
}
