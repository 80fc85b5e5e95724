/**
 * The Socket.IO server: who may connect, and what happens to a socket from its handshake to its end.
 *
 * Cheap checks come first: draining, Origin, then the token, then Redis. WebSocket only, so no sticky sessions; no
 * connection state recovery, since resuming from an offset covers it and never skips the token.
 */
import { randomUUID } from "node:crypto";
import type { Server as HttpServer } from "node:http";
import { Server } from "socket.io";
import { compareOffsets, decodeHandshake, DoorstepError, toDoorstepError } from "@doorstep/protocol";
import type { Store } from "@doorstep/store";
import type { Logger } from "@doorstep/runtime";
import type { GatewayConfig } from "../config.ts";
import type { Acknowledger } from "../delivery/acknowledger.ts";
import type { CatchUpPage } from "../delivery/catch-up.ts";
import type { Hub } from "../delivery/hub.ts";
import { type PingBudget, pingBudgetFor } from "../delivery/ping-marks.ts";
import { UserSocket } from "../delivery/user-socket.ts";
import type { GatewayMetrics } from "../metric.ts";
import { Admission } from "./admission.ts";
import { closeSocket } from "./closing.ts";
import type { createControlPlane } from "./control-plane.ts";
import { createOriginCheck } from "./origin.ts";
import { spreadPings } from "./ping-spread.ts";
import { Session } from "./session.ts";
import type { GatewayServer, GatewaySocket } from "./socket.ts";
import type { VerifyToken } from "./token.ts";

/** Largest message from a client; none of the known ones is longer than a token. */
const CLIENT_MESSAGE_BYTES = 65_536;
const CONNECT_TIMEOUT_MS = 10_000;
const BACK_OFF_MS = 1_000;
/** Sockets that may wait for Redis before others are let in. */
const MOST_ATTACHING = 128;

export interface SocketServerOptions {
  readonly httpServer: HttpServer;
  readonly config: GatewayConfig;
  readonly gatewayId: string;
  readonly store: Store;
  readonly acknowledger: Acknowledger;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly verifyToken: VerifyToken;
  readonly controlPlane: ReturnType<typeof createControlPlane>;
  readonly isDraining: () => boolean;
  readonly isOverloaded: () => boolean;
}

/** The sockets of this gateway, on both sides: Socket.IO's and our own. */
export class SocketServer {
  readonly io: GatewayServer;
  readonly sockets = new Set<UserSocket>();
  readonly #options: SocketServerOptions;
  readonly #admission: Admission;
  readonly #pingBudget: PingBudget;
  /** Sockets whose first page is on its way. */
  #attaching = 0;
  #hub: Hub | undefined;

  constructor(options: SocketServerOptions) {
    this.#options = options;
    this.#pingBudget = pingBudgetFor(options.config);
    const { config, httpServer, isDraining, isOverloaded } = options;
    const isAllowedOrigin = createOriginCheck(config.allowedOrigins);
    this.#admission = new Admission({
      waitMs: config.handshakeWaitMs,
      isBusy: () => !isDraining() && (isOverloaded() || this.#attaching >= MOST_ATTACHING),
    });
    this.io = new Server(httpServer, {
      transports: ["websocket"],
      serveClient: false,
      pingInterval: config.pingIntervalMs,
      pingTimeout: config.pingTimeoutMs,
      connectTimeout: CONNECT_TIMEOUT_MS,
      maxHttpBufferSize: CLIENT_MESSAGE_BYTES,
      perMessageDeflate: false,
      // The factory's type names the library's own Namespace; ours only passes it on.
      adapter: options.controlPlane as never,
      allowRequest: (request, callback) => {
        const answer = (refusal?: string): void => {
          if (refusal !== undefined) options.metrics.handshakes.inc({ outcome: refusal });
          callback(refusal ?? null, refusal === undefined);
        };
        if (isDraining()) answer("DRAINING");
        else if (!isAllowedOrigin(request)) answer("FORBIDDEN");
        else {
          this.#admission.request(request, (isAdmitted) =>
            answer(isDraining() ? "DRAINING" : isAdmitted ? undefined : "OVERLOADED"),
          );
        }
      },
    });
    this.io.use((socket, next) => {
      this.#authenticate(socket).then(
        () => next(),
        (thrown: unknown) => next(this.#refusal(thrown)),
      );
    });
  }

  /** Starts to serve sockets with a hub. */
  serve(hub: Hub): void {
    this.#hub = hub;
    this.io.on("connection", (socket) => void this.#connect(socket, hub));
  }

  /** Handshakes that wait to be admitted. */
  get waitingHandshakes(): number {
    return this.#admission.waiting;
  }

  /** Tells a socket that it has caught up. */
  announceReady(delivery: UserSocket): void {
    const { offset, replayed, clientId, isRecovered: recovered } = delivery;
    delivery.socket.emit("ready", { clientId, offset, replayed, recovered, gateway: this.#options.gatewayId });
  }

  /** Takes what the first page found out: presenting an offset acknowledges up to it, unless the log never had it. */
  acceptFirstPage(delivery: UserSocket, page: CatchUpPage): void {
    if (compareOffsets(page.from, page.head) > 0) return;
    delivery.written = page.from;
    if (compareOffsets(page.acked, delivery.user.acked) > 0) delivery.user.acked = page.acked;
    this.#options.acknowledger.ack(delivery, page.from);
  }

  async #authenticate(socket: GatewaySocket): Promise<void> {
    const handshake = decodeHandshake(socket.handshake.auth);
    const identity = await this.#options.verifyToken(handshake.token);
    this.#options.store.log.keysOf(identity.userId);
    const { token: _, ...rest } = handshake;
    socket.data = { ...identity, handshake: rest, badMessages: 0 };
    // The adapter answers other gateways with what it finds here; the token is nobody else's, and headers are of no use.
    Object.assign(socket.handshake, { auth: {}, headers: {}, query: {} });
  }

  #refusal(thrown: unknown): Error {
    const error = toDoorstepError(thrown);
    // A subject that is no user id is the token's fault.
    const answer = (error.code === "INVALID_USER" ? new DoorstepError("TOKEN_INVALID", error.detail) : error).toAnswer(
      error.retryable ? BACK_OFF_MS : undefined,
    );
    this.#options.metrics.handshakes.inc({ outcome: answer.code });
    this.#options.logger.info({ code: answer.code, reason: describe(error) }, "handshake refused");
    return Object.assign(new Error(answer.message), { data: answer });
  }

  async #connect(socket: GatewaySocket, hub: Hub): Promise<void> {
    const { acknowledger, config, metrics, store, gatewayId, logger, verifyToken } = this.#options;
    const { userId, handshake } = socket.data;
    const keys = store.log.keysOf(userId);
    const delivery = new UserSocket(socket, hub.join(keys), {
      ackMode: handshake.ack ?? "auto",
      clientId: handshake.clientId ?? randomUUID(),
      start: handshake.offset ?? "acked",
      pingBudget: this.#pingBudget,
    });
    const { pushSubscriptions } = store;
    const session = new Session(socket, delivery, { acknowledger, metrics, verifyToken, pushSubscriptions });
    this.sockets.add(delivery);
    metrics.handshakes.inc({ outcome: "accepted" });
    this.#count(hub);
    this.#listenToConnection(delivery);
    const endSpread = spreadPings(delivery, config.pingIntervalMs);
    socket.on("disconnect", () => {
      // A connection carries one socket: a client that left and came back on it would pile up listeners.
      socket.conn.close();
      session.close();
      endSpread();
      this.sockets.delete(delivery);
      hub.detach(delivery);
      this.#count(hub);
      store.presence.disconnected(keys, socket.id).catch(() => metrics.storeErrors.inc({ operation: "presence" }));
    });
    // The request and its headers would live as long as the socket.
    (socket.conn as unknown as { request: unknown }).request = null;
    this.#attaching += 1;
    try {
      store.presence
        .connected(keys, socket.id, gatewayId)
        .catch(() => metrics.storeErrors.inc({ operation: "presence" }));
      // Both start at once: between joining its user and attaching, nothing may run that could drop the user.
      await Promise.all([hub.attach(delivery), socket.join(`user:${keys.uid}`)]);
    } catch (err) {
      logger.warn({ err }, "a socket could not be served");
      metrics.closings.inc({ code: "STORE_LOST" });
      closeSocket(socket, new DoorstepError("STORE_LOST"), BACK_OFF_MS);
    } finally {
      this.#attaching -= 1;
    }
  }

  #count(hub: Hub): void {
    this.#options.metrics.connections.set(this.sockets.size);
    this.#options.metrics.users.set(hub.userCount);
  }

  #listenToConnection(delivery: UserSocket): void {
    const { conn } = delivery.socket;
    conn.transport.on("drain", () => this.#hub?.drained(delivery));
    const { marks } = delivery;
    if (marks === undefined) return;
    conn.on("packetCreate", (packet: { type: string }) => {
      if (packet.type === "ping") marks.pinged(delivery.written);
    });
    conn.on("heartbeat", () => {
      const proven = marks.ponged();
      if (proven !== undefined) this.#options.acknowledger.ack(delivery, proven, marks.isBusy);
      delivery.pingIfDue();
    });
  }
}

function describe(error: DoorstepError): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}
