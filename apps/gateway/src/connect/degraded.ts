/**
 * Degraded: while this gateway cannot hear Redis, its sockets stay and are told since when live push may be late; once
 * everything is subscribed anew they are told that it is over, and the head check brings what was missed.
 */
import type { UserSocket } from "../delivery/user-socket.ts";

export class Degraded {
  readonly #sockets: ReadonlySet<UserSocket>;
  #since: string | null = null;

  constructor(sockets: ReadonlySet<UserSocket>) {
    this.#sockets = sockets;
  }

  get isDegraded(): boolean {
    return this.#since !== null;
  }

  /** Notes that Redis is not heard, and tells every socket; once until `end`. */
  begin(): void {
    if (this.#since !== null) return;
    this.#since = new Date().toISOString();
    for (const { socket } of this.#sockets) socket.emit("degraded", { since: this.#since });
  }

  /** Notes that Redis is heard again. */
  end(): void {
    if (this.#since === null) return;
    this.#since = null;
    for (const { socket } of this.#sockets) socket.emit("degraded", { since: null });
  }

  /** Tells a socket that has come meanwhile. */
  welcome({ socket }: UserSocket): void {
    if (this.#since !== null) socket.emit("degraded", { since: this.#since });
  }
}
