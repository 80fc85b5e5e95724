/**
 * Doorstep (PROTOCOL sections 4 and 9): Socket.IO with a token, lists of events, and the last event's offset on the next
 * connection. Acks are implicit, by pongs, as the SDK has them by default.
 */
import { signHubToken } from "@doorstep/testkit";

import { ENGINE, PONG, SOCKET } from "./engine-packet.ts";
import type { Wire, WireHost } from "./wire.ts";

const TOKEN_LIFETIME_S = 86_400;
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
    if (text.startsWith('42["events"')) {
      this.#host.memory.lastText = text;
      this.#host.events(text);
    } else {
      this.#control(text);
    }
  }

  #control(text: string): void {
    const [name, message] = JSON.parse(text.slice(2)) as [string, Readonly<Record<string, unknown>>];
    if (name === "gap") this.#stand(message["to"]);
    if (name === "gap") this.#host.gap();
    if (name === "ready") this.#stand(message["offset"]);
    if (name === "ready") this.#host.ready();
  }

  #stand(offset: unknown): void {
    const { memory } = this.#host;
    memory.offset = String(offset);
    memory.lastText = undefined;
  }

  #auth(): object {
    const { memory, userId } = this.#host;
    const offset = memory.lastText === undefined ? memory.offset : lastOffset(memory.lastText);
    const token = (memory.session ??= signHubToken(userId, TOKEN_LIFETIME_S));
    return { token, ...(offset === undefined ? {} : { offset }) };
  }
}

function lastOffset(text: string): string {
  const from = text.lastIndexOf(OFFSET) + OFFSET.length;
  return text.slice(from, text.indexOf('"', from));
}
