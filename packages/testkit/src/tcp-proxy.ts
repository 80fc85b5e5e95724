/**
 * A TCP proxy on 127.0.0.1 that a test can break: the link between two programs, in the hands of whoever tests them.
 *
 * Each connection is two sockets and two pumps, one a direction, that take a chunk at a time: what the proxy holds back,
 * the sender feels as backpressure, as on a real link. A paused proxy accepts connections, forwards nothing and reports no
 * error, which is what a firewall does that drops packets. Everything it breaks can be mended with `resume`, `delay(0)`
 * and a reconnect of the programs.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** A proxy that listens. */
export interface TcpProxy {
  readonly port: number;
  /** How many connections are open now. */
  readonly connections: number;
  /** Breaks every connection; new ones are served. */
  cut(): void;
  /** Forwards nothing any more, neither data nor ends, on old and new connections. */
  pause(): void;
  /** Forwards again, what was held back first. */
  resume(): void;
  /** Holds every chunk for so many milliseconds, in order; 0 for none. */
  delay(delayMs: number): void;
  /** Forwards requests but swallows the next `count` chunks of answers, then breaks every connection. */
  dropReplies(count: number): void;
  /** Breaks everything and stops listening. Idempotent. */
  close(): Promise<void>;
}

/** Starts a proxy to a port of 127.0.0.1, which need not listen yet. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const link = new Link(targetPort);
  const server = createServer({ allowHalfOpen: true }, (client) => link.accept(client));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return link.size;
    },
    cut: () => link.cut(),
    pause: () => link.pause(),
    resume: () => link.resume(),
    delay: (delayMs) => void (link.delayMs = delayMs),
    dropReplies: (count) => void (link.repliesToDrop = count),
    close: () => closeServer(server, link),
  };
}

async function closeServer(server: Server, link: Link): Promise<void> {
  if (!server.listening) return;
  link.resume();
  server.close();
  link.cut();
  await once(server, "close");
}

/** All connections through one proxy, and the state they share. */
class Link {
  delayMs = 0;
  repliesToDrop = 0;
  readonly #targetPort: number;
  readonly #pairs = new Set<AbortController>();
  #paused: Promise<void> | undefined;
  #open: () => void = () => undefined;

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  get size(): number {
    return this.#pairs.size;
  }

  accept(client: Socket): void {
    const target = connect({ host: "127.0.0.1", port: this.#targetPort, allowHalfOpen: true });
    const pair = new AbortController();
    this.#pairs.add(pair);
    pair.signal.addEventListener("abort", () => {
      this.#pairs.delete(pair);
      client.destroy();
      target.destroy();
    });
    for (const socket of [client, target]) {
      socket.setNoDelay(true);
      // An error ends the pair; `close` follows it, and the other side hears of it as it would without the proxy.
      socket.on("error", () => pair.abort());
    }
    void this.#serve(client, target, pair);
  }

  async #serve(client: Socket, target: Socket, pair: AbortController): Promise<void> {
    await Promise.all([this.#pump(client, target, pair.signal, false), this.#pump(target, client, pair.signal, true)]);
    pair.abort();
  }

  cut(): void {
    for (const pair of this.#pairs) pair.abort();
  }

  pause(): void {
    this.#paused ??= new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  resume(): void {
    this.#paused = undefined;
    this.#open();
  }

  async #pump(from: Socket, to: Socket, signal: AbortSignal, isReply: boolean): Promise<void> {
    try {
      for await (const chunk of from) {
        if (this.delayMs > 0) await delay(this.delayMs, undefined, { signal });
        await this.#paused;
        if (isReply && this.#dropsReply()) continue;
        if (!to.write(chunk as Buffer)) await once(to, "drain", { signal });
      }
      await this.#paused;
      to.end();
    } catch {
      // A connection that broke on one side is broken on the other; what it carried is lost, as on any link.
      await this.#paused;
      to.destroy();
    }
  }

  #dropsReply(): boolean {
    if (this.repliesToDrop === 0) return false;
    this.repliesToDrop -= 1;
    if (this.repliesToDrop === 0) this.cut();
    return true;
  }
}
