/** Types of the Socket.IO server and its sockets, with what the handshake found out about each. */
import type { ClientToServerEvents, Handshake, ServerToClientEvents } from "@doorstep/protocol";
import type { Server, Socket } from "socket.io";

/** What the handshake established; the user comes from here and from nowhere else (P4). */
export interface SocketData {
  userId: string;
  handshake: Omit<Handshake, "token">;
  /** When the token ends, milliseconds since 1970. */
  expiresAtMs: number;
  badMessages: number;
}

type NoEvents = Record<string, never>;

export type GatewayServer = Server<ClientToServerEvents, ServerToClientEvents, NoEvents, SocketData>;
export type GatewaySocket = Socket<ClientToServerEvents, ServerToClientEvents, NoEvents, SocketData>;
