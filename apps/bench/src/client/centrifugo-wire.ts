/**
 * Centrifugo's client protocol in JSON, one reply a line: subscribes to the user's channel, and presents on the next connection
 * up to where and in which epoch it has the channel's history.
 */
import { channelOf } from "../user.ts";
import type { Wire, WireHost } from "./wire.ts";

/** An empty reply asks for an empty command. */
const PING = "{}";
const PUSH = '{"push":';
const OFFSET = '"offset":';

interface Reply {
  readonly connect?: object;
  readonly subscribe?: {
    readonly epoch?: string;
    readonly offset?: number;
    readonly recovered?: boolean;
    readonly was_recovering?: boolean;
    readonly publications?: readonly { readonly offset?: number }[];
  };
  readonly error?: object;
}

export class CentrifugoWire implements Wire {
  readonly #host: WireHost;

  constructor(host: WireHost) {
    this.#host = host;
  }

  opened(): void {
    this.#host.send(JSON.stringify({ id: 1, connect: {} }));
  }

  message(data: Buffer): void {
    const text = data.toString("latin1");
    this.#host.events(text);
    for (const line of text.split("\n")) {
      if (line === PING) this.#host.send(PING);
      else if (line.startsWith(PUSH)) this.#pushed(line);
      else if (line !== "") this.#replied(JSON.parse(line) as Reply);
    }
  }

  #pushed(line: string): void {
    if (line.includes(OFFSET)) this.#host.memory.lastText = line;
  }

  #replied({ connect, subscribe, error }: Reply): void {
    if (error !== undefined) this.#host.refused();
    else if (connect !== undefined) this.#subscribe();
    else if (subscribe !== undefined) this.#subscribed(subscribe);
  }

  #subscribe(): void {
    const { memory, userId } = this.#host;
    const offset = memory.lastText === undefined ? memory.offset : lastOffset(memory.lastText);
    const since = memory.session === undefined ? {} : { recover: true, epoch: memory.session, offset: Number(offset) };
    this.#host.send(JSON.stringify({ id: 2, subscribe: { channel: channelOf(userId), ...since } }));
  }

  #subscribed(result: NonNullable<Reply["subscribe"]>): void {
    const { memory } = this.#host;
    memory.session = result.epoch ?? "";
    memory.offset = String(result.publications?.at(-1)?.offset ?? result.offset ?? 0);
    memory.lastText = undefined;
    if (result.was_recovering === true && result.recovered !== true) this.#host.gap();
    this.#host.ready();
  }
}

function lastOffset(line: string): string {
  return String(Number.parseInt(line.slice(line.lastIndexOf(OFFSET) + OFFSET.length), 10));
}
