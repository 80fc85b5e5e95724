/** The options of a client: what they mean, their defaults, their checks. */
import { type AckMode, ID_PATTERN } from "@doorstep/protocol";
import type { ManagerOptions, SocketOptions } from "socket.io-client";
import type { BackOff } from "./back-off.ts";
import type { Report } from "./emitter.ts";
import { defaultLifecycle, type LifecycleSource } from "./lifecycle.ts";
import { createOffsetStore, defaultStoreKind, type OffsetStore, type OffsetStoreKind } from "./offset-store.ts";

export interface ClientOptions {
  /** Where the gateways are, e.g. `https://hub.example.org`. */
  url: string;
  /**
   * Answers the user's token. Called for every connection, when the hub says the token expires, and after it did; never
   * a bare string, which would go stale.
   */
  token: () => string | Promise<string>;
  /** Path of Socket.IO on the gateways. @default "/socket.io" */
  path?: string;
  /** Where the offset is kept between two lives of the page. @default "session" in a page, else "memory" */
  offsetStore?: OffsetStore | OffsetStoreKind;
  /** Name of the offset in the store; give one per user where several use one browser. @default the url */
  storageKey?: string;
  /** "auto": what arrived counts as acknowledged. "manual": only what `ack()` was called for. @default "auto" */
  ack?: AckMode;
  /** Id of this device or tab, 1-128 of `A-Z a-z 0-9 . _ : @ / + = ~ -`. @default the hub makes one */
  clientId?: string;
  /** Bounds of the wait before a new try, in milliseconds. @default { baseMs: 500, maxMs: 30_000 } */
  backOff?: Partial<BackOff>;
  /** How long a try may take, token included, in milliseconds. @default 20_000 */
  connectTimeoutMs?: number;
  /** What tells of network and visibility. @default the page's events, nothing outside a page */
  lifecycle?: LifecycleSource;
  /** Gets every error that has no caller: of handlers, of storage, of malformed messages. @default reportError, where it exists */
  onError?: Report;
  /** Passed to `socket.io-client`, e.g. `extraHeaders`. Transport, path, auth and reconnection stay the client's. */
  io?: Partial<ManagerOptions & SocketOptions>;
}

/** Options with every default filled in. */
export interface Settings {
  readonly url: string;
  readonly token: () => string | Promise<string>;
  readonly path: string;
  readonly offsetStore: OffsetStore;
  readonly ack: AckMode;
  readonly clientId: string | undefined;
  readonly backOff: BackOff;
  readonly connectTimeoutMs: number;
  readonly lifecycle: LifecycleSource;
  readonly onError: Report;
  readonly io: Partial<ManagerOptions & SocketOptions>;
}

/** Checks options and fills in the defaults; throws a TypeError or RangeError that names the option. */
export function resolveOptions(options: ClientOptions): Settings {
  const { url, token, clientId, ack = "auto", offsetStore = defaultStoreKind(), connectTimeoutMs = 20_000 } = options;
  const backOff = { baseMs: options.backOff?.baseMs ?? 500, maxMs: options.backOff?.maxMs ?? 30_000 };
  if (typeof url !== "string" || url === "") throw new TypeError("url has to be the address of the gateways");
  if (typeof token !== "function") throw new TypeError("token has to be a function that answers the token");
  if (ack !== "auto" && ack !== "manual") throw new TypeError('ack has to be "auto" or "manual"');
  if (clientId !== undefined && !ID_PATTERN.test(clientId)) {
    throw new TypeError("clientId has to be 1-128 of A-Z a-z 0-9 . _ : @ / + = ~ -");
  }
  for (const [name, value] of Object.entries({ ...backOff, connectTimeoutMs })) {
    if (!Number.isFinite(value) || value <= 0) throw new RangeError(`${name} has to be a number above 0`);
  }
  return {
    url,
    token,
    path: options.path ?? "/socket.io",
    offsetStore: resolveStore(offsetStore, options.storageKey ?? url),
    ack,
    clientId,
    backOff,
    connectTimeoutMs,
    lifecycle: options.lifecycle ?? defaultLifecycle(),
    onError: options.onError ?? reportGlobally,
    io: options.io ?? {},
  };
}

function resolveStore(store: OffsetStore | OffsetStoreKind, name: string): OffsetStore {
  if (store === "memory" || store === "session" || store === "local") {
    return createOffsetStore(store, `doorstep:offset:${name}`);
  }
  if (typeof store?.get === "function" && typeof store.set === "function") return store;
  throw new TypeError('offsetStore has to be "memory", "session", "local" or an object with get and set');
}

/** Hands an error to the page's `error` event, so that it shows like any uncaught one; elsewhere there is nobody to tell. */
function reportGlobally(error: Error): void {
  const { reportError } = globalThis as { reportError?: Report };
  reportError?.(error);
}
