/** Closing: a socket the hub ends is told why first, with the code whose range says what to do next (PROTOCOL section 6). */
import { closingPolicy, DoorstepError } from "@doorstep/protocol";
import type { GatewaySocket } from "./socket.ts";

/**
 * Says `closing` and ends the connection. Where the client shall stay away, Socket.IO's own disconnect makes even a
 * bare client do so; otherwise the transport closes, and clients come back by themselves.
 */
export function closeSocket(socket: GatewaySocket, error: DoorstepError, afterMs?: number): void {
  socket.emit("closing", error.toAnswer(afterMs));
  if (closingPolicy(error.number) === "stay-away") socket.disconnect(true);
  else socket.conn.close();
}

/** Ends the connection of a socket that does not read: what is in its buffers would keep an orderly close waiting. */
export function abandonSocket(socket: GatewaySocket): void {
  socket.emit("closing", new DoorstepError("STUCK").toAnswer());
  const transport = socket.conn.transport as unknown as { socket?: { terminate(): void } };
  if (transport.socket === undefined) socket.conn.close(true);
  else transport.socket.terminate();
}
