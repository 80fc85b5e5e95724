/**
 * Spread pings: sockets that came together, after a deploy or a lost gateway, are not pinged together for ever.
 *
 * The engine pings a socket an interval after its handshake and then an interval after each pong, so a crowd would answer,
 * and acknowledge, all in the same moment of each interval, and live events would wait behind that. Each socket is pinged
 * once at a random moment of its first interval instead. The engine counts anew from the pong to that, so it is no ping
 * more; where none comes, the engine's own ping comes when it would have. No client waits longer than an interval.
 */
import type { UserSocket } from "../delivery/user-socket.ts";

/** Pings a socket once within the interval that begins; returns the function that ends the wait for it. */
export function spreadPings(delivery: UserSocket, intervalMs: number): () => void {
  const timer = setTimeout(() => delivery.pingUnlessUnderWay(), Math.random() * intervalMs).unref();
  return () => clearTimeout(timer);
}
