/** Closing: a socket the hub ends is told why first, with the code whose range says what to do next (PROTOCOL section 6). */
import { closingPolicy, type DoorstepError } from "@doorstep/protocol";
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
