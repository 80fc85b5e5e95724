/**
 * Doorstep (PROTOCOL sections 4 and 9): Socket.IO with a token, lists of events, and the last event's offset on the next
 * connection. Acks are implicit, by pongs, as the SDK has them by default.
 *
 * As the SDK does, it drops what is not newer than where it stands. Events are parsed only in a list that begins with such.
 */
import { compareOffsets, type Gap, maxOffset, type Offset, type Ready } from "@doorstep/protocol";
import { signHubToken } from "@doorstep/testkit";

import { ENGINE, PONG, SOCKET } from "./engine-packet.ts";
import type { Wire, WireHost } from "./wire.ts";

const TOKEN_LIFETIME_S = 86_400;
const EVENTS = '42["events",[';
const OFFSET = '{"offset":"';

export class DoorstepWire implements Wire {
  readonly #host: WireHost;

  constructor(host: WireHost) {
    this.#host = host;
  }

  opened(): void {
    // The server speaks first.
  }

  message(data: Buffer): void {
    if (data[0] === ENGINE.message) this.#packet(data);
    else if (data[0] === ENGINE.ping) this.#host.send(PONG);
    else if (data[0] === ENGINE.open) this.#host.send(`40${JSON.stringify(this.#auth())}`);
  }

  #packet(data: Buffer): void {
    if (data[1] === SOCKET.connectError || data[1] === SOCKET.disconnect) this.#host.refused();
    if (data[1] !== SOCKET.event) return;
    const text = data.toString("latin1");
    if (text.startsWith(EVENTS)) this.#take(text);
    else this.#control(text);
  }

  #take(text: string): void {
    const { memory } = this.#host;
    const stand = memory.offset;
    const first = offsetAt(text, EVENTS.length);
    const lastAt = text.lastIndexOf(OFFSET);
    const last = lastAt === EVENTS.length ? first : offsetAt(text, lastAt);
    if (stand === undefined || compareOffsets(first, stand) > 0) {
      this.#host.events(text);
      memory.offset = last;
    } else {
      this.#drop(text, stand);
      memory.offset = maxOffset(stand, last);
    }
  }

  /** Takes what is newer. */
  #drop(text: string, stand: Offset): void {
    const [name, events] = JSON.parse(text.slice(2)) as [string, readonly { readonly offset: Offset }[]];
    const newer = events.filter(({ offset }) => compareOffsets(offset, stand) > 0);
    this.#host.repeated(events.length - newer.length);
    if (newer.length > 0) this.#host.events(`42${JSON.stringify([name, newer])}`);
  }

  #control(text: string): void {
    const [name, message] = JSON.parse(text.slice(2)) as [string, unknown];
    if (name === "gap") this.#skip(message as Gap);
    if (name === "ready") this.#advance((message as Ready).offset);
    if (name === "ready") this.#host.ready();
  }

  /** Goes on from the end of a gap: back, where the log lost what came here. */
  #skip({ from, to, reason }: Gap): void {
    if (reason === "failover" || compareOffsets(to, from) < 0) this.#host.memory.offset = to;
    else this.#advance(to);
    this.#host.gap();
  }

  #advance(offset: Offset): void {
    const { memory } = this.#host;
    memory.offset = memory.offset === undefined ? offset : maxOffset(memory.offset, offset);
  }

  #auth(): object {
    const { memory, userId } = this.#host;
    const { offset } = memory;
    const token = (memory.session ??= signHubToken(userId, TOKEN_LIFETIME_S));
    return { token, ...(offset === undefined ? {} : { offset }) };
  }
}

/** Reads the offset of the event that begins there. */
function offsetAt(text: string, at: number): Offset {
  const from = at + OFFSET.length;
  return text.slice(from, text.indexOf('"', from));
}
