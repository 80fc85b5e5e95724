/** All wires, by protocol. */
import type { Protocol } from "../target.ts";
import { DoorstepWire } from "./doorstep-wire.ts";
import { SocketIoWire } from "./socket-io-wire.ts";
import type { WireKind } from "./wire.ts";

const SOCKET_IO_PATH = "/socket.io/?EIO=4&transport=websocket";

const KINDS: Partial<Record<Protocol, WireKind>> = {
  doorstep: { path: SOCKET_IO_PATH, subprotocols: [], create: (host) => new DoorstepWire(host) },
  "socket.io": { path: SOCKET_IO_PATH, subprotocols: [], create: (host) => new SocketIoWire(host) },
};

/** Finds how a protocol is spoken; throws a RangeError for one that nobody speaks. */
export function findWire(protocol: Protocol): WireKind {
  const kind = KINDS[protocol];
  if (kind === undefined) throw new RangeError(`no wire for ${protocol}`);
  return kind;
}
