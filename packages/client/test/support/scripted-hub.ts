/**
 * A real Socket.IO server that says what the test tells it to: the hub's side of PROTOCOL section 4 without a hub.
 * The real gateway meets this client in the system tests.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ErrorAnswer } from "@doorstep/protocol";
import { eventually } from "@doorstep/testkit";
import { Server, type Socket } from "socket.io";

/** One accepted connection as the hub sees it. */
export interface Guest {
  readonly auth: Record<string, unknown>;
  readonly socket: Socket;
  /** Arguments of every `ack` message. */
  readonly acks: unknown[];
  /** Tokens of every `refresh`. */
  readonly refreshed: unknown[];
  /** Arguments of every `push`. */
  readonly pushes: unknown[];
}

export class ScriptedHub {
  readonly #server: Server;
  readonly #http = createServer();
  /** `auth` of every handshake, refused ones included. */
  readonly handshakes: Record<string, unknown>[] = [];
  readonly guests: Guest[] = [];
  /** Refuses handshakes while it answers something; a plain Error is one without data. */
  refusal: (auth: Record<string, unknown>) => Partial<ErrorAnswer> | Error | undefined = () => undefined;
  /** What `refresh` is answered. */
  refreshAnswer: unknown = { ok: true };
  /** What `push` is answered; undefined: nothing. */
  pushAnswer: unknown = { ok: true };

  constructor() {
    this.#server = new Server(this.#http, { transports: ["websocket"], serveClient: false });
    this.#server.use((socket, next) => {
      const { auth } = socket.handshake;
      this.handshakes.push(auth);
      const refusal = this.refusal(auth);
      if (refusal === undefined) next();
      else next(refusal instanceof Error ? refusal : Object.assign(new Error("refused"), { data: refusal }));
    });
    this.#server.on("connection", (socket) => {
      const guest: Guest = { auth: socket.handshake.auth, socket, acks: [], refreshed: [], pushes: [] };
      socket.on("ack", (ack: unknown) => guest.acks.push(ack));
      socket.on("refresh", ({ token }: { token: unknown }, answer: (value: unknown) => void) => {
        guest.refreshed.push(token);
        answer(this.refreshAnswer);
      });
      socket.on("push", (change: unknown, answer: (value: unknown) => void) => {
        guest.pushes.push(change);
        if (this.pushAnswer !== undefined) answer(this.pushAnswer);
      });
      this.guests.push(guest);
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Waits for the n-th accepted connection, counted from 1. */
  guest(n: number): Promise<Guest> {
    return eventually(() => this.guests[n - 1] ?? null, { message: `connection ${n}` });
  }

  async close(): Promise<void> {
    await this.#server.close();
  }
}
