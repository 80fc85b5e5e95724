/** Tells the publisher how many events came, once a millisecond at most: eight bytes each time, the sum so far. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const PAUSE_MS = 1;

export class DeliveredTeller {
  readonly #socket: Socket;
  #timer: NodeJS.Timeout | undefined;
  #count = 0;

  static async connect(port: number): Promise<DeliveredTeller> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    socket.on("error", () => socket.destroy());
    return new DeliveredTeller(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  tell(count: number): void {
    this.#count = count;
    this.#timer ??= setTimeout(() => this.#write(), PAUSE_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }

  #write(): void {
    this.#timer = undefined;
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeDoubleLE(this.#count);
    this.#socket.write(bytes);
  }
}
