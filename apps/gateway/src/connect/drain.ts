/**
 * Drain: how a gateway leaves without losing anything (DESIGN section 5).
 *
 * Handshakes are refused already. Each socket is told when to move, spread over the first half of the time so that the
 * others are not stormed; those still here at the end are closed, retryable, and come back elsewhere with their offset.
 */
import { DoorstepError } from "@doorstep/protocol";
import type { UserSocket } from "../delivery/user-socket.ts";
import { closeSocket } from "./closing.ts";

const LOOK_EVERY_MS = 50;
/** Time for `closing` to leave before the process does. */
const LAST_WRITE_MS = 100;

/** Moves all sockets away within `drainMs`; resolves once none is left or all were closed. */
export async function drainSockets(
  sockets: ReadonlySet<UserSocket>,
  drainMs: number,
  onClosed: () => void,
): Promise<void> {
  const deadlineMs = Date.now() + drainMs;
  for (const { socket } of sockets) socket.emit("drain", { afterMs: Math.floor((Math.random() * drainMs) / 2) });
  while (sockets.size > 0 && Date.now() < deadlineMs) await wait(LOOK_EVERY_MS);
  if (sockets.size === 0) return;
  for (const { socket } of sockets) {
    onClosed();
    closeSocket(socket, new DoorstepError("DRAINING"), 0);
  }
  await wait(LAST_WRITE_MS);
}

function wait(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}
