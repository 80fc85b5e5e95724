/**
 * The subscriber: a gateway's ear on its users' channels (sharded pub/sub, one connection).
 *
 * Push is a hint: a message may be lost, and nobody says so. Therefore a subscription is confirmed before the first
 * read, and after every loss all channels are subscribed anew and awaited before `onRestored` tells the gateway to
 * compare heads; ioredis' own `ready` comes before its resubscriptions are through. A link may also die without an error;
 * a heartbeat notices within some seconds.
 */
import { setImmediate as endOfTick, setTimeout as delay } from "node:timers/promises";
import calculateSlot from "cluster-key-slot";
import type { Cluster } from "ioredis";
import type { RedisConnection } from "./connection.ts";
import { toStoreError } from "./connection.ts";
import { heartbeatChannel, HUB_KEYS, type UserKeys } from "./user-key.ts";

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
  /** Writes of some master are known to be lost since lately (History). */
  onMark(): void;
  onLost(error: Error | undefined): void;
}

/** Channels that join in one call, and the answer to it. */
interface Joining {
  readonly channels: string[];
  readonly confirmed: Promise<void>;
}

const SPACE = 0x20;
/** Groups channels that belong to no partition, and so to another slot. */
const NO_PARTITION = -1;
/** How many channels concern every user: that of histories. */
const HUB_CHANNELS = 1;
const SUBSCRIBE_AT_ONCE = 256;
const RETRY_MS = 200;
const CONFIRM_TIMEOUT_MS = 3_000;
const HEARTBEAT_MS = 1_000;
/** The same where nobody's channel is subscribed: waking is most of what an empty gateway costs. */
const QUIET_HEARTBEAT_MS = 5_000;
/** Enough for every master of a Cluster to own one: partitions are spread over the slots. */
const HEARTBEAT_PARTITIONS = 256;

export class Subscriber {
  readonly #redis: RedisConnection;
  readonly #handlers: SubscriberHandlers;
  readonly #channels = new Map<string, number>();
  /** What is subscribed to at the end of this tick, by what may go in one call. */
  readonly #joining = new Map<number, Joining>();
  #heartbeat: NodeJS.Timeout | undefined;
  #isClosed = false;
  #lost = false;
  #isRestoring = false;
  #isBeating = false;

  constructor(redis: RedisConnection, handlers: SubscriberHandlers) {
    this.#redis = redis;
    this.#handlers = handlers;
    redis.on("smessageBuffer", (channel: Buffer, message: Buffer) =>
      this.#receive(channel.toString("latin1"), message),
    );
    for (const event of ["close", "+node", "-node"]) redis.on(event, () => this.#lose(undefined));
    this.#scheduleBeat();
  }

  /** Subscribes to what concerns every user. Throws UNAVAILABLE. */
  async start(): Promise<void> {
    this.#channels.set(HUB_KEYS.histories, NO_PARTITION);
    await confirmed(this.#redis.ssubscribe(HUB_KEYS.histories));
  }

  /** Subscribes to a user's channel, with the others of this tick in one call; resolves once Redis has confirmed. */
  subscribe({ channel, partition }: UserKeys): Promise<void> {
    const wasQuiet = this.#isQuiet;
    this.#channels.set(channel, partition);
    if (wasQuiet) this.#scheduleBeat();
    const group = this.#groupOf(partition);
    let joining = this.#joining.get(group);
    if (joining === undefined) {
      const channels: string[] = [];
      joining = { channels, confirmed: this.#join(group, channels) };
      this.#joining.set(group, joining);
    }
    joining.channels.push(channel);
    return joining.confirmed;
  }

  async #join(group: number, channels: readonly string[]): Promise<void> {
    await endOfTick();
    this.#joining.delete(group);
    // Without those that were left meanwhile.
    await this.#subscribeTo(channels.filter((channel) => this.#channels.has(channel)));
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
    clearTimeout(this.#heartbeat);
    settleQuietly(this.#redis);
    this.#redis.disconnect();
  }

  /** Whether no user's channel is subscribed to. */
  get #isQuiet(): boolean {
    return this.#channels.size <= HUB_CHANNELS;
  }

  #scheduleBeat(): void {
    clearTimeout(this.#heartbeat);
    this.#heartbeat = setTimeout(() => void this.#beat(), this.#isQuiet ? QUIET_HEARTBEAT_MS : HEARTBEAT_MS);
  }

  /**
   * Leaves a channel nobody joined, on each master: a live link confirms that. A link that is dead without an error does
   * not; then the connection is given up (`socketTimeout`) and everything is subscribed anew.
   */
  async #beat(): Promise<void> {
    this.#scheduleBeat();
    if (this.#isBeating || this.#lost || this.#redis.status !== "ready") return;
    this.#isBeating = true;
    try {
      await confirmed(Promise.all(this.#heartbeatChannels().map((channel) => this.#redis.sunsubscribe(channel))));
    } catch (error) {
      this.#lose(error instanceof Error ? error : undefined);
    } finally {
      this.#isBeating = false;
    }
  }

  /** One channel per master; elsewhere than in a Cluster one channel. */
  #heartbeatChannels(): string[] {
    if (!this.#redis.isCluster) return [heartbeatChannel(0)];
    const slots = (this.#redis as Cluster).slots;
    const byMaster = new Map<string, string>();
    for (let partition = 0; partition < HEARTBEAT_PARTITIONS; partition++) {
      const channel = heartbeatChannel(partition);
      const master = slots[calculateSlot(channel)]?.[0];
      if (master !== undefined && !byMaster.has(master)) byMaster.set(master, channel);
    }
    return [...byMaster.values()];
  }

  #lose(error: Error | undefined): void {
    if (this.#isClosed) return;
    if (!this.#lost) this.#handlers.onLost(error);
    this.#lost = true;
    void this.#restore();
  }

  /** Subscribes everything anew until that went through without a further loss. */
  async #restore(): Promise<void> {
    if (this.#isRestoring) return;
    this.#isRestoring = true;
    while (this.#lost && !this.#isClosed) {
      this.#lost = false;
      try {
        if (this.#redis.status !== "ready") throw new Error("not connected");
        await this.#resubscribe();
        if (!this.#lost) this.#handlers.onRestored();
      } catch {
        // Told by onLost already; what failed is tried again.
        this.#lost = true;
        await delay(RETRY_MS, undefined, { ref: false });
      }
    }
    this.#isRestoring = false;
  }

  async #resubscribe(): Promise<void> {
    const groups = new Map<number, string[]>();
    for (const [channel, partition] of this.#channels) {
      const key = this.#groupOf(partition);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [channel]);
      else group.push(channel);
    }
    for (const channels of groups.values()) await this.#subscribeTo(channels);
  }

  /** Channels of one partition share a slot; elsewhere than in a Cluster all may go together. */
  #groupOf(partition: number): number {
    return this.#redis.isCluster ? partition : 0;
  }

  async #subscribeTo(channels: readonly string[]): Promise<void> {
    for (let i = 0; i < channels.length; i += SUBSCRIBE_AT_ONCE) {
      await confirmed(this.#redis.ssubscribe(...channels.slice(i, i + SUBSCRIBE_AT_ONCE)));
    }
  }

  #receive(channel: string, message: Buffer): void {
    if (channel === HUB_KEYS.histories) {
      this.#handlers.onMark();
      return;
    }
    const push = parsePush(message);
    if (push === undefined) this.#handlers.onMalformed(channel);
    else this.#handlers.onPush(channel, push);
  }
}

/** Where ioredis keeps what is sent and not answered. */
interface Pending {
  readonly commandQueue?: { toArray(): readonly { readonly command: { readonly promise: Promise<unknown> } }[] };
}

/**
 * ioredis subscribes anew by itself and awaits that nowhere: dropped with its connection it would be a rejection that nobody
 * handles, which ends a process.
 */
function settleQuietly(redis: RedisConnection): void {
  const pending = (redis as unknown as Pending).commandQueue?.toArray() ?? [];
  for (const { command } of pending) command.promise.catch(() => undefined);
}

/** Waits for an answer of Redis; throws UNAVAILABLE where it fails or is late. */
async function confirmed(answer: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CONFIRM_TIMEOUT_MS} ms`)), CONFIRM_TIMEOUT_MS);
  });
  try {
    await Promise.race([answer, late]);
  } catch (error) {
    throw toStoreError(error);
  } finally {
    clearTimeout(timer);
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
