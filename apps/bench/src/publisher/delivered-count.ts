/** How many events the clients got, as they tell it over a socket of their own: eight bytes each time, the sum so far. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";

const BYTES = 8;

export class DeliveredCount {
  #server: Server | undefined;
  #wake: (() => void) | undefined;
  #value = 0;

  get value(): number {
    return this.#value;
  }

  /** Listens, counts from 0, and answers the port. */
  async listen(): Promise<number> {
    this.#value = 0;
    const server = createServer((socket) => {
      let rest: Buffer = Buffer.alloc(0);
      socket.setNoDelay(true);
      socket.on("data", (chunk: Buffer) => {
        const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
        const whole = data.length - (data.length % BYTES);
        rest = data.subarray(whole);
        if (whole === 0) return;
        this.#value = data.readDoubleLE(whole - BYTES);
        this.#wake?.();
      });
      socket.on("error", () => socket.destroy());
    });
    this.#server?.close();
    this.#server = server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  /** Resolves with the next change, or after a time. */
  changed(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), Math.min(timeoutMs, 1_000));
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
