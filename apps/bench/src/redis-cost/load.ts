/**
 * Loads: the same events to the same users in the same order, published in one way or another, in waves of which each is
 * answered before the next begins.
 *
 * The bare pair is the floor of anything durable: the event into the user's stream, and to whoever listens, with nothing
 * that finds it again, counts it or bounds it.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { createHub, type Hub, type PublishItem } from "@doorstep/agent";
import { type EncodedEvent, encodeEvent } from "@doorstep/protocol";
import { connectStore, type RedisConnection } from "@doorstep/store";

const BODY_BYTES = 300;
const USERS = 1_000;
const WAVE = 100;
const TYPE = "note";
const SOURCE = "/bench";

/** Publishes events of users given by number; one settled call is one wave. */
export interface Load {
  readonly wave: (users: readonly number[]) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

export interface LoadKind {
  readonly name: string;
  /** How many events in a row go to one user. */
  readonly run: number;
  readonly open: (redis: string) => Promise<Load>;
}

const filler = fillerFor(BODY_BYTES);
const nameOf = (user: number): string => `user-${user}`;

/** XADD and SPUBLISH by themselves, a wave in one pipeline. */
export function pair(name: string): LoadKind {
  const open = async (redis: string): Promise<Load> => {
    const store = await connectStore({ redis });
    const connection: RedisConnection = await store.openConnection("command");
    const wave = async (users: readonly number[]): Promise<void> => {
      const pipeline = connection.pipeline();
      for (const user of users) {
        const { log, channel } = store.log.keysOf(nameOf(user));
        const { body } = encode();
        pipeline.xadd(log, "*", "b", body).spublish(channel, body);
      }
      for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
    };
    return { wave, close: () => store.close() };
  };
  return { name, run: 1, open };
}

/** `hub.publish`, an event a call, as an application does it. */
export function publish(name: string, hasIds = false): LoadKind {
  const open = async (redis: string): Promise<Load> => {
    const hub = await connect(redis);
    const one = (user: number): Promise<unknown> =>
      hub.publish({ userId: nameOf(user) }, TYPE, { filler }, hasIds ? { id: randomUUID() } : {});
    return { wave: (users) => Promise.all(users.map(one)), close: () => hub.close() };
  };
  return { name, run: 1, open };
}

/** `hub.publishMany`, with `run` events in a row for each user. */
export function publishMany(name: string, run: number): LoadKind {
  const open = async (redis: string): Promise<Load> => {
    const hub = await connect(redis);
    const item = (user: number): PublishItem => ({ to: { userId: nameOf(user) }, type: TYPE, data: { filler } });
    return {
      wave: async (users) => {
        const results = await hub.publishMany(users.map(item));
        for (const { error } of results) if (error !== undefined) throw error;
      },
      close: () => hub.close(),
    };
  };
  return { name, run, open };
}

/** Publishes `events` events. The users are chosen by a seed, the same for every load. */
export async function drive({ wave }: Load, { run }: LoadKind, events: number): Promise<void> {
  const next = chooser();
  for (let done = 0; done < events; done += WAVE) {
    const users = Array.from({ length: WAVE / run }, next).flatMap((user) => Array.from({ length: run }, () => user));
    await wave(users);
  }
}

async function connect(redis: string): Promise<Hub> {
  const hub = createHub({ redis, source: SOURCE });
  await hub.ready();
  return hub;
}

function encode(text = filler): EncodedEvent {
  return encodeEvent({ source: SOURCE, type: TYPE, data: { filler: text } }, randomUUID, Date.now());
}

/** Text that does not compress and makes a body of so many bytes. */
function fillerFor(bytes: number): string {
  return randomBytes(bytes)
    .toString("base64url")
    .slice(0, bytes - encode("").body.length);
}

/** Numbers of users in an order that looks like chance and is always the same. */
function chooser(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >>> 8) % USERS;
  };
}
