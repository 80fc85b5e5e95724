/**
 * A member: one user with one connection at a time, which comes back by itself when it breaks.
 *
 * The waits before it comes back are those of the target's own client library by its defaults, and each try goes to the next
 * server. `move` and `drop` are the benchmark's own doing and count as no break.
 */
import { type RawData, WebSocket } from "ws";

import { nowUs } from "../clock.ts";
import { userIdOf } from "../user.ts";
import type { Tally } from "./tally.ts";
import type { Wire, WireHost, WireKind, WireMemory } from "./wire.ts";

const BACK_OFF_BASE_MS = 500;
const BACK_OFF_CAP_MS = 30_000;
const HANDSHAKE_TIMEOUT_MS = 20_000;
/** An event that was due so long before the connection ended should have come over it. */
const STRANDED_AFTER_US = 2e6;

export interface MemberOptions {
  readonly user: number;
  readonly servers: readonly string[];
  readonly kind: WireKind;
  readonly tally: Tally;
}

export class Member {
  readonly #options: MemberOptions;
  readonly #memory: WireMemory = {};
  #server = 0;
  #socket: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #isReady = false;
  #onReady: (() => void) | undefined;
  /** The connection before this one, by the shared clock. */
  #beganUs = Infinity;
  #past = { fromUs: Infinity, toUs: 0 };

  constructor(options: MemberOptions) {
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Connects to a server, leaving another one it may have; resolves when it is ready, however many tries that takes, or dropped. */
  connect(server: number): Promise<void> {
    this.drop();
    this.#server = server;
    return new Promise((resolve) => {
      this.#onReady = resolve;
      this.#open();
    });
  }

  /** Breaks the connection, as a network does, and does not come back. */
  drop(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#ended();
    socket?.terminate();
    this.#onReady?.();
    this.#onReady = undefined;
  }

  #open(): void {
    const { servers, kind, tally } = this.#options;
    const url = (servers[this.#server % servers.length] ?? "").replace("http", "ws") + kind.path;
    const socket = new WebSocket(url, [...kind.subprotocols], {
      perMessageDeflate: false,
      skipUTF8Validation: true,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    });
    this.#socket = socket;
    const wire: Wire = kind.create(this.#host(socket));
    socket.on("open", () => wire.opened());
    socket.on("message", (data: RawData) => {
      if (socket === this.#socket) wire.message(data as Buffer);
    });
    // `close` follows, and says the same.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      wire.closed?.();
      if (socket !== this.#socket) return;
      tally.breaks += 1;
      this.#ended();
      this.#retry();
    });
  }

  #host(socket: WebSocket): WireHost {
    const { user, tally } = this.#options;
    return {
      userId: userIdOf(user),
      memory: this.#memory,
      send: (data) => socket.send(data),
      ready: () => this.#becomeReady(),
      events: (text) => tally.events(user, text, (dueUs) => this.#isStranded(dueUs)),
      repeated: (count) => void (tally.ledger.repeats += count),
      gap: () => void (tally.gaps += 1),
      refused: () => {
        tally.refusals += 1;
        socket.terminate();
      },
    };
  }

  #becomeReady(): void {
    this.#isReady = true;
    this.#failures = 0;
    this.#beganUs = nowUs();
    this.#onReady?.();
    this.#onReady = undefined;
  }

  #ended(): void {
    if (this.#isReady) this.#past = { fromUs: this.#beganUs, toUs: nowUs() };
    this.#isReady = false;
    this.#socket = undefined;
  }

  #retry(): void {
    const { backOffMs = drawWaitMs } = this.#options.kind;
    const waitMs = backOffMs(this.#failures, Math.random());
    this.#failures += 1;
    this.#server += 1;
    this.#timer = setTimeout(() => this.#open(), waitMs);
  }

  #isStranded(dueUs: number): boolean {
    return dueUs > this.#past.fromUs && dueUs < this.#past.toUs - STRANDED_AFTER_US;
  }
}

/** Anything up to a bound that doubles, as packages/client waits. */
function drawWaitMs(failures: number, random: number): number {
  return random * Math.min(BACK_OFF_CAP_MS, BACK_OFF_BASE_MS * 2 ** failures);
}
