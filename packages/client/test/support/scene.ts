/** A hub and a client with everything the client tells, cleaned up after each test. */
import { afterEach } from "@jest/globals";
import type { DoorstepEvent, Envelope, Gap } from "@doorstep/protocol";
import { createCleanUp, eventually } from "@doorstep/testkit";
import { DoorstepClient } from "../../src/client.ts";
import type { ConnectionState, ConnectionStatus } from "../../src/connection-state.ts";
import type { Received } from "../../src/inbox.ts";
import type { LifecycleSignal, LifecycleSource } from "../../src/lifecycle.ts";
import type { OffsetStore } from "../../src/offset-store.ts";
import type { ClientOptions } from "../../src/option.ts";
import { ManualClock } from "./manual-clock.ts";
import { type Guest, ScriptedHub } from "./scripted-hub.ts";

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

/** A store that a test can look into, and that outlives a client. */
export class SpyStore implements OffsetStore {
  readonly written: string[] = [];

  get(): string | undefined {
    return this.written.at(-1);
  }

  set(offset: string): void {
    this.written.push(offset);
  }
}

/** Signals by hand, as a page would give them. */
export class ManualLifecycle implements LifecycleSource {
  readonly #listeners = new Set<(signal: LifecycleSignal) => void>();

  subscribe(fn: (signal: LifecycleSignal) => void): () => void {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  tell(signal: LifecycleSignal): void {
    for (const fn of this.#listeners) fn(signal);
  }

  get subscriberCount(): number {
    return this.#listeners.size;
  }
}

/** Everything of one test; the lists grow as the client tells. */
export interface Scene {
  readonly hub: ScriptedHub;
  readonly client: DoorstepClient;
  readonly clock: ManualClock;
  readonly lifecycle: ManualLifecycle;
  readonly store: SpyStore;
  readonly statuses: ConnectionStatus[];
  readonly states: ConnectionState[];
  readonly events: Received<DoorstepEvent>[];
  readonly gaps: Gap[];
  readonly errors: Error[];
  /** How often the token function was called. */
  readonly tokens: { count: number };
}

/** Starts a hub and makes a client of it that is not connected yet; `hub` makes a second client of the same hub. */
export async function startScene(options: Partial<ClientOptions> = {}, known?: ScriptedHub): Promise<Scene> {
  const hub = known ?? new ScriptedHub();
  if (known === undefined) {
    await hub.start();
    cleanUp.add(() => hub.close());
  }
  const clock = new ManualClock();
  const lifecycle = new ManualLifecycle();
  const store = new SpyStore();
  const tokens = { count: 0 };
  const errors: Error[] = [];
  const client = new DoorstepClient(
    {
      url: hub.url,
      token: () => `token-${++tokens.count}`,
      offsetStore: store,
      lifecycle,
      onError: (error) => errors.push(error),
      ...options,
    },
    clock,
  );
  cleanUp.add(() => client.close());
  const states: ConnectionState[] = [];
  const statuses: ConnectionStatus[] = [];
  const events: Received<DoorstepEvent>[] = [];
  const gaps: Gap[] = [];
  client.onState((state) => {
    states.push(state);
    if (statuses.at(-1) !== state.status) statuses.push(state.status);
  });
  client.on("*", (event) => events.push(event));
  client.onGap((gap) => gaps.push(gap));
  return { hub, client, clock, lifecycle, store, statuses, states, events, gaps, errors, tokens };
}

/** Connects and lets the hub say `ready`. */
export async function goLive(scene: Scene, n = 1, offset = "1-0"): Promise<Guest> {
  scene.client.connect();
  return makeReady(scene, n, offset);
}

/** Waits for the n-th connection and lets the hub say `ready` to it. */
export async function makeReady(scene: Scene, n: number, offset = "1-0"): Promise<Guest> {
  const guest = await scene.hub.guest(n);
  guest.socket.emit("ready", { clientId: "device-1", offset, replayed: 0, recovered: true, gateway: `gateway-${n}` });
  await reaches(scene, "live");
  return guest;
}

/** Waits until the client has a status. */
export async function reaches(scene: Scene, status: ConnectionStatus): Promise<void> {
  await eventually(() => scene.client.state.status === status, { message: `status ${status}` });
}

/** An event as the hub sends it. */
export function event(offset: string | undefined, type = "custom", fields: Partial<Envelope> = {}): Envelope {
  const id = `event-${offset ?? "ephemeral"}`;
  const base = { id, type, time: "2026-01-01T00:00:00.000Z", data: { name: "n", value: offset ?? null }, ...fields };
  return offset === undefined ? base : { offset, ...base };
}
