/**
 * The subscriber: a gateway's ear on its users' channels (sharded pub/sub, one connection).
 *
 * Push is a hint: a message may be lost, and nobody says so. Therefore a subscription is confirmed before the first
 * read, and after every reconnect all channels are subscribed anew and awaited before `onRestored` tells the gateway to
 * compare heads; ioredis' own `ready` comes before its resubscriptions are through.
 */
import type { RedisConnection } from "./connection.ts";
import { toStoreError } from "./connection.ts";
import type { UserKeys } from "./user-key.ts";

/** A pushed message: `<prev> <last> <count> ` and then the events' JSON text, comma-separated. */
export interface PushMessage {
  /** Offset before the first event; undefined for ephemeral events, which have no offset. */
  readonly prev: string | undefined;
  readonly last: string | undefined;
  readonly count: number;
  /** The events, ready to be written between brackets. */
  readonly events: Buffer;
}

export interface SubscriberHandlers {
  onPush(channel: string, push: PushMessage): void;
  /** A message that has not the documented form. */
  onMalformed(channel: string): void;
  /** All channels are subscribed anew after a loss; heads have to be compared. */
  onRestored(): void;
  onLost(error: Error | undefined): void;
}

const SPACE = 0x20;
const RESUBSCRIBE_AT_ONCE = 256;
const RETRY_MS = 500;
const CONFIRM_TIMEOUT_MS = 5_000;

export class Subscriber {
  readonly #redis: RedisConnection;
  readonly #handlers: SubscriberHandlers;
  readonly #channels = new Map<string, number>();
  #isClosed = false;
  #lost = false;

  constructor(redis: RedisConnection, handlers: SubscriberHandlers) {
    this.#redis = redis;
    this.#handlers = handlers;
    redis.on("smessageBuffer", (channel: Buffer, message: Buffer) =>
      this.#receive(channel.toString("latin1"), message),
    );
    for (const event of ["close", "+node", "-node"]) redis.on(event, () => this.#lose());
    redis.on("ready", () => void this.#restore());
  }

  /** Subscribes to a user's channel; resolves once Redis has confirmed. */
  async subscribe(keys: UserKeys): Promise<void> {
    this.#channels.set(keys.channel, keys.partition);
    await this.#confirmed([keys.channel]);
  }

  /** Leaves a user's channel; failures do not matter, since messages for nobody are ignored. */
  async unsubscribe(keys: UserKeys): Promise<void> {
    this.#channels.delete(keys.channel);
    if (this.#isClosed || this.#redis.status !== "ready") return;
    await this.#redis.sunsubscribe(keys.channel).catch(() => undefined);
  }

  /** Ends the connection. */
  close(): void {
    this.#isClosed = true;
    this.#redis.disconnect();
  }

  #lose(): void {
    if (this.#isClosed) return;
    if (!this.#lost) this.#handlers.onLost(undefined);
    this.#lost = true;
    // In a Cluster the connection as a whole stays ready while its nodes change.
    if (this.#redis.isCluster) void this.#restore();
  }

  async #restore(): Promise<void> {
    if (this.#isClosed || !this.#lost) return;
    this.#lost = false;
    try {
      await this.#resubscribe();
      this.#handlers.onRestored();
    } catch (error) {
      this.#lost = true;
      this.#handlers.onLost(error instanceof Error ? error : undefined);
      setTimeout(() => void this.#restore(), RETRY_MS).unref();
    }
  }

  async #resubscribe(): Promise<void> {
    // Channels of one partition share a slot; elsewhere than in a Cluster all may go together.
    const groups = new Map<number, string[]>();
    for (const [channel, partition] of this.#channels) {
      const key = this.#redis.isCluster ? partition : 0;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [channel]);
      else group.push(channel);
    }
    for (const channels of groups.values()) {
      for (let i = 0; i < channels.length; i += RESUBSCRIBE_AT_ONCE) {
        await this.#confirmed(channels.slice(i, i + RESUBSCRIBE_AT_ONCE));
      }
    }
  }

  async #confirmed(channels: readonly string[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new Error(`no confirmation of a subscription within ${CONFIRM_TIMEOUT_MS} ms`);
      timer = setTimeout(() => reject(error), CONFIRM_TIMEOUT_MS);
    });
    try {
      await Promise.race([this.#redis.ssubscribe(...channels), late]);
    } catch (error) {
      throw toStoreError(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #receive(channel: string, message: Buffer): void {
    const push = parsePush(message);
    if (push === undefined) this.#handlers.onMalformed(channel);
    else this.#handlers.onPush(channel, push);
  }
}

const HEADER = /^(?:- -|(\d{1,16}-\d{1,16}) (\d{1,16}-\d{1,16})) ([1-9]\d{0,5}) $/;
const LONGEST_HEADER = 80;

/** Reads a message's header; the events are not looked at but for their outer braces. Undefined where it is malformed. */
export function parsePush(message: Buffer): PushMessage | undefined {
  const first = message.indexOf(SPACE);
  const second = message.indexOf(SPACE, first + 1);
  const third = message.indexOf(SPACE, second + 1);
  if (first < 1 || second < 0 || third < 0 || third > LONGEST_HEADER) return undefined;
  const header = HEADER.exec(message.toString("latin1", 0, third + 1));
  const events = message.subarray(third + 1);
  if (header === null || events[0] !== 0x7b || events.at(-1) !== 0x7d) return undefined;
  return { prev: header[1], last: header[2], count: Number(header[3]), events };
}
