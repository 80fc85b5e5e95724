/** A Redis of one's own, a hub on it, and reading back what stands in a user's log. */
import { type CleanUp, eventually, type RedisOptions, type RedisServer, startRedis } from "@doorstep/testkit";
import { type DoorstepError, type Envelope, reduceRun, type RunView, TERMINAL, ZERO_OFFSET } from "@doorstep/protocol";
import { bodyOf, connectStore, type Store } from "@doorstep/store";
import { createHub, type Hub, type HubOptions } from "../../src/index.ts";

export interface Fixture {
  readonly redis: RedisServer;
  readonly store: Store;
  readonly hub: Hub;
  /** What `onError` of the hub was told. */
  readonly errors: DoorstepError[];
  /** Another hub on the same Redis, closed with the others. */
  readonly openHub: (options?: Partial<HubOptions>) => Hub;
  /** Everything in a user's log, oldest first. */
  readonly eventsOf: (userId: string) => Promise<Envelope[]>;
}

export async function startFixture(
  cleanUp: CleanUp,
  options: Partial<HubOptions> = {},
  redisOptions: RedisOptions = {},
): Promise<Fixture> {
  const redis = await startRedis(redisOptions);
  cleanUp.add(() => redis.stop());
  const store = await connectStore({ redis: redis.url });
  cleanUp.add(() => store.close());
  const errors: DoorstepError[] = [];
  const openHub = (more: Partial<HubOptions> = {}): Hub => {
    const hub = createHub({
      redis: redis.url,
      source: "urn:test",
      onError: (error) => errors.push(error),
      ...options,
      ...more,
    });
    cleanUp.add(() => hub.close({ drainMs: 1_000 }));
    return hub;
  };
  const eventsOf = async (userId: string): Promise<Envelope[]> => {
    // After a restart of Redis the hub may be connected again before this store is.
    await eventually(() => store.isReady());
    const page = await store.log.read(store.log.keysOf(userId), ZERO_OFFSET, 10_000, 64 * 1024 * 1024);
    return page.entries.map((entry) => Object.assign(JSON.parse(bodyOf(entry)) as Envelope, { offset: entry.offset }));
  };
  return { redis, store, hub: openHub(), errors, openHub, eventsOf };
}

/** The events' types, with deltas of one message in a row counted once. */
export function typesOf(events: readonly Envelope[]): string[] {
  return events.map((event) => event.type).filter((type, at, all) => type !== "message_delta" || all[at - 1] !== type);
}

/** Data of the first event of a type. */
export function dataOf(events: readonly Envelope[], type: string): Record<string, unknown> | undefined {
  return events.find((event) => event.type === type)?.data as Record<string, unknown> | undefined;
}

/** Folds the events as a browser does. */
export function viewOf(events: readonly Envelope[]): RunView | undefined {
  return events.reduce<RunView | undefined>(reduceRun, undefined);
}

/** Throws unless the events are one well-formed run: PROTOCOL's rules, checked without the code that keeps them. */
export function assertWellFormed(events: readonly Envelope[]): void {
  const terminals = events.filter((event) => (TERMINAL as readonly string[]).includes(event.type));
  if (events[0]?.type !== "agent_started") throw new Error(`starts with ${events[0]?.type}`);
  if (terminals.length !== 1 || events.at(-1) !== terminals[0]) throw new Error(`ends with ${events.at(-1)?.type}`);
  const tools = new Set<unknown>();
  const texts = new Map<unknown, string>();
  for (const { type, data } of events) {
    const payload = data as Record<string, unknown>;
    const text = texts.get(payload["messageId"]);
    if (type === "tool_executing") tools.add(payload["toolCallId"]);
    if (type === "tool_completed" && !tools.delete(payload["toolCallId"])) throw new Error("completed a closed tool");
    if (type === "message_started") texts.set(payload["messageId"], "");
    if (type === "message_delta") {
      if (text?.length !== payload["textOffset"]) throw new Error(`delta at ${String(payload["textOffset"])}`);
      texts.set(payload["messageId"], text + String(payload["delta"]));
    }
    if (type === "message_completed") {
      if (!String(payload["content"]).startsWith(text ?? "?")) throw new Error("content differs from the deltas");
      texts.delete(payload["messageId"]);
    }
    if (type === "message_discarded") texts.delete(payload["messageId"]);
  }
  if (tools.size + texts.size > 0) throw new Error("something was left open");
}
