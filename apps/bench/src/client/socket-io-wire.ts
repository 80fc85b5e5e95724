/**
 * Plain Socket.IO: Engine.IO 4 and Socket.IO 5 by hand. Events are never parsed.
 *
 * Where the server has connection state recovery, it names a session and ends each event with its offset; both are presented
 * on the next connection, as socket.io-client does.
 */
import { ENGINE, PONG, SOCKET } from "./engine-packet.ts";
import type { Wire, WireHost } from "./wire.ts";

export class SocketIoWire implements Wire {
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
    const { memory } = this.#host;
    const type = data[1];
    if (type === SOCKET.event) {
      const text = data.toString("latin1");
      if (this.#host.events(text) > 0) memory.lastText = text;
    } else if (type === SOCKET.connect) {
      memory.session = (JSON.parse(data.toString("utf8", 2)) as { pid?: string }).pid;
      this.#host.ready();
    } else if (type === SOCKET.connectError || type === SOCKET.disconnect) {
      this.#host.refused();
    }
  }

  #auth(): object {
    const { memory, userId } = this.#host;
    if (memory.session === undefined) return { user: userId };
    const offset = memory.lastText === undefined ? undefined : lastArgument(memory.lastText);
    return { pid: memory.session, offset, user: userId };
  }
}

/** The text at the end of `42["event",{...},"1764000000123-0"]`. */
function lastArgument(text: string): string | undefined {
  return /"(\d+-\d+)"\]$/.exec(text)?.[1];
}
