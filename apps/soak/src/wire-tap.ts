/**
 * A tap on a client's wire: what left and what arrived, as Socket.IO packets, whatever the SDK makes of it.
 *
 * It is a Socket.IO parser that looks on. Packets are told in the tick before the SDK gets them, one by one, so that what
 * the tap logs and what the application logs stand in the order in which they happened.
 */
import { nextTick } from "node:process";
import { Decoder, Encoder, type Packet, PacketType } from "socket.io-parser";

/** Told what passes. */
export interface TapListener {
  /** The client asks to be let in; `auth` is its handshake. */
  onHandshake(auth: unknown): void;
  /** The hub let it in. */
  onOpen(): void;
  /** The hub sent a message. */
  onMessage(name: string, argument: unknown): void;
}

/** A parser for `io` options. */
export interface TapParser {
  readonly Encoder: new () => Encoder;
  readonly Decoder: new () => Decoder;
}

/** Creates the parser of one client. */
export function createWireTap(listener: TapListener): TapParser {
  class TappedEncoder extends Encoder {
    override encode(packet: Packet): (string | Buffer)[] {
      if (packet.type === PacketType.CONNECT) listener.onHandshake(packet.data);
      return super.encode(packet) as (string | Buffer)[];
    }
  }
  class TappedDecoder extends Decoder {
    constructor() {
      super();
      // The manager listens later and hands on in the next tick too: first come, first told.
      this.on("decoded", (packet: Packet) => nextTick(tell, listener, packet));
    }
  }
  return { Encoder: TappedEncoder, Decoder: TappedDecoder };
}

function tell(listener: TapListener, { type, data }: Packet): void {
  if (type === PacketType.CONNECT) listener.onOpen();
  if (type !== PacketType.EVENT || !Array.isArray(data)) return;
  const [name, argument] = data as unknown[];
  if (typeof name === "string") listener.onMessage(name, argument);
}
