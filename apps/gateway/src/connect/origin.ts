/**
 * The Origin allow-list. Browsers send Origin with every WebSocket handshake, and CORS does not protect WebSockets, so
 * the handshake is refused here, before anything else happens. Programs send none and come with a token only.
 */
import type { IncomingMessage } from "node:http";

/** Makes the check; with an empty list only pages of the gateway's own host may connect, `*` allows all. */
export function createOriginCheck(allowed: readonly string[]): (request: IncomingMessage) => boolean {
  const origins = new Set(allowed.map((origin) => origin.toLowerCase().replace(/\/$/, "")));
  return ({ headers: { origin, host } }) => {
    if (origin === undefined || origins.has("*") || origins.has(origin.toLowerCase())) return true;
    return origins.size === 0 && URL.canParse(origin) && new URL(origin).host === host;
  };
}
