/**
 * A device: one user's client of the SDK that logs what comes over the wire and what its application is handed.
 *
 * It stays at one gateway until two tries to reach it failed; then it goes to the next one, as a load balancer would
 * send it, with the offset it has. Its connections are numbered: a life begins when the hub lets it in and ends when the
 * SDK notices that it is gone.
 */
import { createDoorstepClient, type DoorstepClient } from "@doorstep/client";
import { decodeEvents, decodeGap, decodeReady, type Envelope, isRecord, type Offset } from "@doorstep/protocol";
import { signHubToken } from "@doorstep/testkit";

import type { History } from "./history.ts";
import { idOf, readValue } from "./value.ts";
import { createWireTap } from "./wire-tap.ts";

/** Who and where a device is. */
export interface DeviceOptions {
  readonly name: string;
  readonly userId: string;
  /** The addresses it may go to, in order; asked at each move. */
  readonly urls: () => readonly string[];
  /** Index of the address it begins with. */
  readonly first: number;
  /** What it says to have. Default: nothing. */
  readonly offset?: Offset;
  readonly history: History;
}

/** Failed tries before it turns to the next gateway. */
const PATIENCE_TRIES = 2;
const BACK_OFF = { baseMs: 50, maxMs: 500 };
const CONNECT_TIMEOUT_MS = 2_500;
/** Good for a whole run, and for a gateway whose clock is far ahead. */
const TOKEN_LIFETIME_S = 3_600;

export class Device {
  readonly name: string;
  readonly userId: string;
  readonly #urls: () => readonly string[];
  readonly #history: History;
  #place: number;
  #client: DoorstepClient | undefined;
  #offset: Offset | undefined;
  #life = 0;
  #isOpen = false;
  #isReady = false;
  #presented: string | undefined;

  constructor({ name, userId, urls, first, offset, history }: DeviceOptions) {
    this.name = name;
    this.userId = userId;
    this.#urls = urls;
    this.#place = first;
    this.#offset = offset;
    this.#history = history;
  }

  /** The last offset it was handed; undefined before the first. */
  get offset(): Offset | undefined {
    return this.#client?.state.offset ?? this.#offset;
  }

  /** Whether it wants to be connected. */
  get isOn(): boolean {
    return this.#client !== undefined;
  }

  get isLive(): boolean {
    return this.#client?.state.status === "live";
  }

  /** How it stands, in words, for who waits for it. */
  describe(): string {
    const { status, lastError } = this.#client?.state ?? { status: "off" };
    return `${this.name} ${status} at ${this.offset ?? "no offset"}${lastError === undefined ? "" : ` (${lastError.code})`}`;
  }

  /** Connects with the offset it has; nothing where it is on. */
  connect(): void {
    if (this.#client !== undefined) return;
    const urls = this.#urls();
    const client: DoorstepClient = createDoorstepClient({
      url: urls[this.#place % urls.length] ?? "",
      token: () => signHubToken(this.userId, TOKEN_LIFETIME_S),
      offsetStore: { get: () => this.#offset, set: (offset) => void (this.#offset = offset) },
      backOff: BACK_OFF,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      onError: (error) => this.#history.complain(`${this.name}: ${error.message}`),
      io: { parser: this.#tap(() => this.#client === client) },
    });
    this.#client = client;
    client.on("*", (event) => this.#logArrival("applied", event as Envelope, event.replayed));
    client.onState(({ status, attempt, lastError }) => {
      if (this.#client !== client) return;
      if (status !== "catching_up" && status !== "live") this.#endLife(false);
      if (status === "closed" || status === "unauthorized") {
        this.#history.complain(`${this.name} was sent away: ${lastError?.code ?? status}`);
      }
      if (status === "reconnecting" && attempt > PATIENCE_TRIES) void this.#move();
    });
    client.connect();
  }

  /** Closes its connection on purpose; `connect` goes on from the offset it has. */
  async disconnect(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    this.#endLife(true);
    this.#client = undefined;
    await client.close();
  }

  /** Closes it for good; the history is over and gets nothing more. */
  async end(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#isOpen = false;
    await client?.close();
  }

  async #move(): Promise<void> {
    this.#place += 1;
    const client = this.#client;
    this.#client = undefined;
    await client?.close();
    this.connect();
  }

  #tap(isCurrent: () => boolean): ReturnType<typeof createWireTap> {
    return createWireTap({
      onHandshake: (auth) => {
        const offset = isRecord(auth) ? auth["offset"] : undefined;
        this.#presented = typeof offset === "string" ? offset : undefined;
      },
      onOpen: () => isCurrent() && this.#beginLife(),
      onMessage: (name, argument) => {
        if (!isCurrent() || !this.#isOpen) return;
        try {
          this.#logMessage(name, argument);
        } catch (error) {
          this.#history.complain(`${this.name} got a malformed ${name}: ${String(error)}`);
        }
      },
    });
  }

  #beginLife(): void {
    this.#endLife(false);
    this.#life += 1;
    this.#isOpen = true;
    this.#isReady = false;
    const presented = this.#presented === undefined ? {} : { presented: this.#presented };
    this.#history.log({ op: "connected", ...this.#stamp(), ...presented, applies: true });
  }

  #endLife(wanted: boolean): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#history.log({ op: "disconnected", ...this.#stamp(), wanted });
  }

  #logMessage(name: string, argument: unknown): void {
    if (name === "events") {
      for (const event of decodeEvents(argument)) this.#logArrival("received", event, !this.#isReady);
    } else if (name === "ephemeral") {
      for (const event of decodeEvents(argument)) this.#logArrival("received", event, false);
    } else if (name === "gap") {
      const { from, to, reason, possible = false } = decodeGap(argument);
      this.#history.log({ op: "gap", ...this.#stamp(), from, to, reason, possible });
    } else if (name === "ready") {
      const { offset, recovered } = decodeReady(argument);
      this.#isReady = true;
      this.#history.log({ op: "ready", ...this.#stamp(), offset, recovered });
    }
  }

  #logArrival(op: "received" | "applied", { offset, data }: Envelope, replayed: boolean): void {
    const { by: publisher, n, to: forUser } = readValue(data);
    const id = idOf({ by: publisher, n });
    const place = offset === undefined ? {} : { offset };
    this.#history.log({ op, ...this.#stamp(), id, ...place, forUser, publisher, n, replayed });
  }

  #stamp(): { device: string; userId: string; life: number; atMs: number } {
    return { device: this.name, userId: this.userId, life: this.#life, atMs: Date.now() };
  }
}
