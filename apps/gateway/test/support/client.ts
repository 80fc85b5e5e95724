/** A bare `socket.io-client` that keeps everything the hub says, in the order it came. */
import type { Envelope, ErrorAnswer, Gap, Offset, Ready } from "@doorstep/protocol";
import type { CleanUp } from "@doorstep/testkit";
import { io, type Socket } from "socket.io-client";

/** What one of the hub's messages said; a frame of events gives one item for each. */
export type Item =
  | { readonly kind: "event"; readonly event: Envelope }
  | { readonly kind: "ephemeral"; readonly event: Envelope }
  | { readonly kind: "gap"; readonly gap: Gap }
  | { readonly kind: "ready"; readonly ready: Ready }
  | { readonly kind: "other"; readonly name: string; readonly value: unknown };

/** The WebSocket under a client: what stops it from reading, and sends past Engine.IO. */
interface WebSocket {
  pause(): void;
  resume(): void;
  send(text: string): void;
}

export interface TestClient {
  readonly socket: Socket;
  readonly items: Item[];
  /** Answers of refused handshakes: `connect_error.data`. */
  readonly refusals: ErrorAnswer[];
  /** Why it was disconnected, each time. */
  readonly disconnects: string[];
  offsets(): Offset[];
  gaps(): Gap[];
  ready(): Ready | null;
  /** The values of messages of one name: `closing`, `drain`, `expiring`. */
  said(name: string): unknown[];
  /** Sends a Socket.IO packet as it stands, such as `2["ack"]`. */
  sendRaw(packet: string): void;
  /** Sends an Engine.IO pong, asked for or not. */
  pong(): void;
  /** Stops reading from the connection. */
  pause(): void;
  resume(): void;
  /** Sends nothing any more, pongs neither, and goes on reading. */
  silence(): void;
}

export interface ClientOptions {
  readonly headers?: Record<string, string>;
  readonly reconnection?: boolean;
}

/** Connects to a gateway; whether it gets in, its items and refusals tell. */
export function connectClient(cleanUp: CleanUp, url: string, auth?: object, options: ClientOptions = {}): TestClient {
  const socket = io(url, {
    ...(auth === undefined ? {} : { auth: auth as Record<string, unknown> }),
    transports: ["websocket"],
    forceNew: true,
    reconnection: options.reconnection ?? false,
    reconnectionDelay: 10,
    extraHeaders: options.headers ?? {},
  });
  cleanUp.add(() => socket.disconnect());
  const items: Item[] = [];
  const refusals: ErrorAnswer[] = [];
  const disconnects: string[] = [];
  socket.on("events", (events: Envelope[]) => {
    for (const event of events) items.push({ kind: "event", event });
  });
  socket.on("ephemeral", (events: Envelope[]) => {
    for (const event of events) items.push({ kind: "ephemeral", event });
  });
  socket.on("gap", (gap: Gap) => items.push({ kind: "gap", gap }));
  socket.on("ready", (ready: Ready) => items.push({ kind: "ready", ready }));
  socket.onAny((name: string, value: unknown) => {
    if (!["events", "ephemeral", "gap", "ready"].includes(name)) items.push({ kind: "other", name, value });
  });
  socket.on("connect_error", (error) => {
    refusals.push((error as Error & { data?: ErrorAnswer }).data ?? ({ message: error.message } as ErrorAnswer));
  });
  socket.on("disconnect", (reason) => disconnects.push(reason));
  const webSocket = (): WebSocket => (socket.io.engine.transport as unknown as { ws: WebSocket }).ws;
  return {
    socket,
    items,
    refusals,
    disconnects,
    offsets: () => items.flatMap((item) => (item.kind === "event" ? [item.event.offset ?? "none"] : [])),
    gaps: () => items.flatMap((item) => (item.kind === "gap" ? [item.gap] : [])),
    ready: () => items.flatMap((item) => (item.kind === "ready" ? [item.ready] : [])).at(-1) ?? null,
    said: (name) => items.flatMap((item) => (item.kind === "other" && item.name === name ? [item.value] : [])),
    sendRaw: (packet) => void socket.io.engine.write(packet),
    pong: () => webSocket().send("3"),
    pause: () => webSocket().pause(),
    resume: () => webSocket().resume(),
    silence: () => void (webSocket().send = () => undefined),
  };
}
