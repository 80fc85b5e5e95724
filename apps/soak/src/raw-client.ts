/** A bare socket.io-client, for what no SDK would do. It never reconnects. */
import { signHubToken } from "@doorstep/testkit";
import { io, type Socket } from "socket.io-client";

/** Connects as a user; `auth` adds to the handshake and may replace the token. */
export function connectRaw(url: string, userId: string, auth: Readonly<Record<string, unknown>>): Socket {
  const handshake = { token: signHubToken(userId), ...auth };
  return io(url, { transports: ["websocket"], forceNew: true, reconnection: false, auth: handshake });
}
