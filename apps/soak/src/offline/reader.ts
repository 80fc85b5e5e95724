/**
 * A user who comes back: a bare socket.io-client that reads everything that waits, and looks at the order of it.
 *
 * Where the gateway refuses it, being too busy, it tries again from where it stands, after a pause as the SDK makes it.
 */
import { decodeEvents, isRecord, type Offset } from "@doorstep/protocol";
import { signHubToken } from "@doorstep/testkit";
import type { Socket } from "socket.io-client";

import { connectRaw } from "../raw-client.ts";
import { Sequence } from "./sequence.ts";

export interface ReaderOptions {
  readonly url: string;
  readonly userId: string;
  /** How many events wait. */
  readonly count: number;
  /** Called once, with the last of them. */
  readonly onComplete: () => void;
  /** By pongs, or not at all, so that the same events can be read again. @default "auto" */
  readonly ack?: "auto" | "manual";
}

const BACK_OFF_BASE_MS = 500;
const BACK_OFF_CAP_MS = 30_000;
const TOKEN_LIFETIME_S = 3_600;

export class Reader {
  readonly #options: ReaderOptions;
  readonly #token: string;
  readonly #sequence: Sequence;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #offset: Offset | undefined;
  #isComplete = false;
  gaps = 0;
  /** Times it was refused or lost its connection. */
  retries = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#token = signHubToken(options.userId, TOKEN_LIFETIME_S);
    this.#sequence = new Sequence(options.count);
  }

  /** Events that came out of order or again. */
  get faults(): number {
    return this.#sequence.faults;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  connect(): void {
    const { url, userId, ack = "auto" } = this.#options;
    const place = this.#offset === undefined ? {} : { offset: this.#offset };
    const socket = connectRaw(url, userId, { token: this.#token, ack, ...place });
    this.#socket = socket;
    socket.on("events", (batch: unknown) => this.#take(batch));
    socket.on("gap", () => void (this.gaps += 1));
    socket.once("connect_error", () => this.#retry());
    socket.once("disconnect", () => this.#retry());
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket?.off();
    this.#socket?.disconnect();
  }

  #take(batch: unknown): void {
    for (const { offset, data } of decodeEvents(batch)) {
      this.#offset = offset ?? this.#offset;
      this.#sequence.take(isRecord(data) ? Number(data["n"]) : -1);
    }
    if (this.#isComplete || !this.#sequence.isComplete) return;
    this.#isComplete = true;
    this.#options.onComplete();
  }

  #retry(): void {
    this.close();
    const capMs = Math.min(BACK_OFF_CAP_MS, BACK_OFF_BASE_MS * 2 ** this.retries);
    this.retries += 1;
    this.#timer = setTimeout(() => this.connect(), Math.random() * capMs);
  }
}
