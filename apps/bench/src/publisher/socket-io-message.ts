/** The message between servers by which Socket.IO's cluster adapters emit an event to a room. */
import type { Body } from "../body.ts";
import type { Token } from "../token.ts";

/** Types of the cluster adapter's messages and of Socket.IO's packets. */
const BROADCAST = 3;
const EVENT = 2;

export interface Broadcast {
  readonly uid: string;
  readonly nsp: string;
  readonly type: number;
  readonly data: object;
}

/** Emits "event" with a body to a room, on every server. */
export function toBroadcast(room: string, body: Body | Token): Broadcast {
  return {
    uid: "emitter",
    nsp: "/",
    type: BROADCAST,
    data: {
      packet: { type: EVENT, data: ["event", body], nsp: "/" },
      opts: { rooms: [room], except: [], flags: {} },
    },
  };
}
