/**
 * Connection: one socket at a time, and the decision what to do when it ends.
 *
 * The wait before the next try follows the policy in the closing's number (loss.ts, back-off.ts); the status comes from
 * connection-state.ts. At any moment at most one timer runs:
 *
 *   retry      waits for the next try; a wake-up (network back, page in view, connect()) ends it early
 *   deadline   a try that takes too long, token function included, counts as lost
 *   drain      the gateway asked to move; the socket stays in use until then
 *
 * Whatever ends a try raises the generation, so that what an older one still awaits comes to nothing.
 */
import {
  type Drain,
  type Gap,
  type Handshake,
  ID_PATTERN,
  type Offset,
  type Ready,
  type WebPushChange,
} from "@doorstep/protocol";
import { reconnectDelayMs } from "./back-off.ts";
import type { Clock } from "./clock.ts";
import { type ConnectionInput, type ConnectionState, nextStatus } from "./connection-state.ts";
import { type Report, toError, type Unsubscribe } from "./emitter.ts";
import { HubSocket } from "./hub-socket.ts";
import type { LifecycleSignal } from "./lifecycle.ts";
import { type Loss, lossByDrain, lossByToken, lossByTransport } from "./loss.ts";
import type { Settings } from "./option.ts";

/** What a connection tells and asks its client. */
export interface ConnectionHooks {
  /** The offset to present; must not throw. */
  resumeFrom(): Promise<Offset | undefined>;
  /** A batch of logged events; `isCurrent` tells whether their socket is still the one in use. */
  onEvents(batch: unknown, isReplay: boolean, isCurrent: () => boolean): void;
  onEphemeral(batch: unknown, isCurrent: () => boolean): void;
  onGap(gap: Gap): void;
  /** Catch-up is over; called before the status says so. */
  onReady(ready: Ready): void;
  /** The page is hidden, maybe for good. */
  onBackground(): void;
  onChange(): void;
  report: Report;
}

type Fields = Partial<Pick<ConnectionState, "attempt" | "replayed" | "gateway" | "lastError">>;

/** A connection that stood this long counts as good: failures before it are forgotten. */
const STABLE_MS = 10_000;

export class Connection {
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #hooks: ConnectionHooks;
  #state: ConnectionState;
  #clientId: string | undefined;
  #socket: HubSocket | undefined;
  #timer: { readonly purpose: "retry" | "deadline" | "drain"; readonly cancel: () => void } | undefined;
  #generation = 0;
  #failures = 0;
  #isOnline = true;
  #unsubscribe: Unsubscribe | undefined;

  constructor(settings: Settings, clock: Clock, hooks: ConnectionHooks) {
    this.#settings = settings;
    this.#clock = clock;
    this.#hooks = hooks;
    this.#clientId = settings.clientId;
    this.#state = { status: "idle", since: clock.now(), attempt: 0, replayed: 0 };
  }

  /** The state without the offset, which is the inbox's. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Connects, or tries again at once where a wait was running; nothing where a socket or a try is there. */
  connect(): void {
    this.#unsubscribe ??= this.#settings.lifecycle.subscribe((signal) => this.#handleSignal(signal));
    if (this.#socket !== undefined || this.#timer?.purpose === "deadline") return;
    this.#step("connect");
    void this.#try();
  }

  /** Ends the connection and every wait, for good with `close`, else until `connect`. */
  end(input: "disconnect" | "close"): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#isOnline = true;
    this.#drop();
    this.#failures = 0;
    this.#step(input, this.#state.attempt === 0 ? {} : { attempt: 0 });
  }

  /** Sends an ack; answers whether that was possible. */
  sendAck(offset: Offset): boolean {
    if (this.#state.status !== "live" || this.#socket === undefined) return false;
    this.#socket.sendAck(offset);
    return true;
  }

  /** Tells the hub of a Web Push subscription; the hub's answer, undefined where it cannot be asked or says nothing. */
  async changeWebPush(change: WebPushChange): Promise<unknown> {
    if (this.#state.status !== "live") return undefined;
    // No answer in time, or the socket ended: what came of it is not known, and the change may be sent again.
    return this.#socket?.changeWebPush(change).catch(() => undefined);
  }

  async #try(): Promise<void> {
    this.#drop();
    const generation = this.#generation;
    const { connectTimeoutMs } = this.#settings;
    this.#arm("deadline", connectTimeoutMs, () => this.#lose(lossByTransport(`no answer in ${connectTimeoutMs} ms`)));
    this.#set({ attempt: this.#state.attempt + 1 });
    let handshake: Handshake;
    try {
      handshake = await this.#prepare();
    } catch (error) {
      // Without a network the token function fails as well; that says nothing about the user.
      if (generation === this.#generation) this.#lose(lossByToken(error), this.#isOnline ? "refused" : "lost");
      return;
    }
    if (generation === this.#generation) this.#open(handshake);
  }

  async #prepare(): Promise<Handshake> {
    const token = await this.#fetchToken();
    const offset = await this.#hooks.resumeFrom();
    const clientId = this.#clientId;
    return {
      token,
      ack: this.#settings.ack,
      ...(offset === undefined ? {} : { offset }),
      ...(clientId === undefined ? {} : { clientId }),
    };
  }

  async #fetchToken(): Promise<string> {
    const token: unknown = await this.#settings.token();
    if (typeof token !== "string" || token === "") throw new TypeError("it answered no text");
    return token;
  }

  #open(handshake: Handshake): void {
    const isCurrent = (): boolean => this.#socket === socket;
    const socket: HubSocket = new HubSocket(this.#settings, handshake, {
      onOpened: () => {
        this.#disarm();
        this.#step("opened");
      },
      onLost: (loss) => this.#lose(loss),
      onEvents: (batch) => this.#hooks.onEvents(batch, this.#state.status === "catching_up", isCurrent),
      onEphemeral: (batch) => this.#hooks.onEphemeral(batch, isCurrent),
      onGap: (gap) => this.#hooks.onGap(gap),
      onReady: (ready) => this.#handleReady(ready),
      onDrain: (drain) => this.#handleDrain(drain),
      onExpiring: () => void this.#refresh(socket),
      report: this.#hooks.report,
    });
    this.#socket = socket;
  }

  #handleReady(ready: Ready): void {
    if (ID_PATTERN.test(ready.clientId)) this.#clientId ??= ready.clientId;
    this.#hooks.onReady(ready);
    const gateway = ready.gateway === "" ? {} : { gateway: ready.gateway };
    this.#step("ready", { attempt: 0, replayed: ready.replayed, ...gateway });
  }

  /** Moves after the asked time; a move is a loss whose wait is spent on the old socket. */
  #handleDrain(drain: Drain): void {
    const loss = lossByDrain(drain);
    this.#arm("drain", this.#delayMs(loss), () => {
      this.#failures += 1;
      this.#drop();
      this.#step("lost", { lastError: loss.error });
      void this.#try();
    });
  }

  #handleSignal(signal: LifecycleSignal): void {
    if (signal === "background") {
      this.#hooks.onBackground();
      return;
    }
    if (signal !== "active") {
      this.#isOnline = signal === "online";
      this.#step(this.#isOnline ? "networkUp" : "networkDown");
    }
    if (signal !== "offline" && this.#timer?.purpose === "retry") void this.#try();
  }

  /** Gives the hub a fresh token in place; where that fails the hub closes the socket in time and a new one is made. */
  async #refresh(socket: HubSocket): Promise<void> {
    try {
      const token = await this.#fetchToken();
      if (this.#socket === socket) await socket.refresh(token);
    } catch (error) {
      if (this.#socket === socket) this.#hooks.report(toError(error));
    }
  }

  /** Ends what is there and does what the loss's policy says. */
  #lose(loss: Loss, input: "lost" | "refused" = "lost"): void {
    const { error, policy } = loss;
    const delayMs = this.#delayMs(loss);
    const isRefused = error.code === "TOKEN_INVALID" || (policy === "refresh-token" && this.#failures > 0);
    this.#drop();
    this.#failures += 1;
    if (policy === "stay-away") {
      this.#step(isRefused ? "refused" : "expelled", { lastError: error });
      return;
    }
    this.#arm("retry", delayMs, () => void this.#try());
    this.#step(isRefused ? "refused" : input, { lastError: error });
    if (!this.#isOnline) this.#step("networkDown");
  }

  #delayMs({ policy, afterMs }: Loss): number {
    const { status, since } = this.#state;
    if (status === "live" && this.#clock.now() - since >= STABLE_MS) this.#failures = 0;
    return reconnectDelayMs(policy, this.#failures, afterMs, () => this.#clock.random(), this.#settings.backOff);
  }

  /** Lets go of the socket, the timer and whatever is still awaited. */
  #drop(): void {
    this.#generation += 1;
    this.#disarm();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #arm(purpose: "retry" | "deadline" | "drain", delayMs: number, fn: () => void): void {
    this.#disarm();
    this.#timer = { purpose, cancel: this.#clock.schedule(fn, delayMs) };
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #step(input: ConnectionInput, fields: Fields = {}): void {
    const status = nextStatus(this.#state.status, input);
    if (status !== this.#state.status || Object.keys(fields).length > 0) this.#set(fields, status);
  }

  /** A live state knows its gateway and no error; every other one knows the last error and no gateway. */
  #set(fields: Fields, status = this.#state.status): void {
    const { gateway, lastError, ...rest } = this.#state;
    const since = status === rest.status ? rest.since : this.#clock.now();
    const isLive = status === "live";
    this.#state = {
      ...rest,
      ...(isLive && gateway !== undefined ? { gateway } : {}),
      ...(!isLive && lastError !== undefined ? { lastError } : {}),
      ...fields,
      status,
      since,
    };
    this.#hooks.onChange();
  }
}
