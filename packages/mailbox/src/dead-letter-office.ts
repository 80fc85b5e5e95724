/**
 * The dead-letter office: where people list, inspect, replay and purge dead letters. Every gateway has one.
 *
 * Letters come in the order in which they are forgotten, which is the order in which they died while the maximal age stays
 * the same. A page's end is the place of its last letter in that order, a score that no other letter has; so pages stay right
 * while letters come and go. One call looks at a bounded number of letters and reads few at once, since a letter may have a
 * megabyte: a page may be short, or empty, before the end.
 */
import { DoorstepError, type Offset, offsetTimeMs, type PublishResult } from "@doorstep/protocol";
import type { RedisConnection, Store } from "@doorstep/store";
import type { Queue } from "bullmq";

import {
  type DeadLetter,
  deadLetterId,
  type DeadLetterReason,
  isDeadLetterId,
  isLetterOf,
  openDeadLetters,
} from "./dead-letter.ts";
import { replayLetter } from "./dead-letter-replay.ts";
import { inLanes } from "./lane.ts";
import { type OnError, tryQueue } from "./queue.ts";

/** Letters that one call looks at before it answers with what it has. */
const LOOK_LETTERS = 2_000;
/** Letters that are looked up at once where only some are wanted. */
const CHUNK = 100;
/** Letters that are read or removed at once. */
const LANES = 8;

/** Which letters are meant; what is absent excludes none. */
export interface DeadLetterFilter {
  readonly reason?: DeadLetterReason | undefined;
  readonly userId?: string | undefined;
  /** Dead for at least so long, by Redis' clock. */
  readonly olderThanMs?: number | undefined;
}

/** A dead letter without the bodies of its events. Times are milliseconds since 1970. */
export interface DeadLetterSummary extends Omit<DeadLetter, "events" | "parcel" | "history" | "uid"> {
  readonly id: string;
  /** The offset before the first event of the parcel, and that of the last. */
  readonly from: Offset;
  readonly to: Offset;
  /** Events, and bytes of their bodies. */
  readonly count: number;
  readonly bytes: number;
  /** When the first event was logged. */
  readonly publishedAtMs: number;
}

/** Part of the letters, oldest first. */
export interface DeadLetterPage {
  readonly letters: readonly DeadLetterSummary[];
  /** Where the next page goes on; null at the end. */
  readonly next: string | null;
}

export interface PurgeResult {
  readonly purged: number;
  /** Where the rest begins that this call did not come to; null where there is none. */
  readonly next: string | null;
}

interface Spot {
  readonly id: string;
  readonly place: string;
}

export class DeadLetterOffice {
  readonly #store: Store;
  readonly #connection: RedisConnection;
  readonly #queue: Queue<DeadLetter>;

  constructor(store: Store, connection: RedisConnection, onError: OnError) {
    this.#store = store;
    this.#connection = connection;
    this.#queue = openDeadLetters(connection, onError);
  }

  /** Lists up to `limit` letters after a place that an earlier page ended at. Throws INVALID_USER and UNAVAILABLE. */
  async list(filter: DeadLetterFilter, limit: number, after?: string): Promise<DeadLetterPage> {
    const letters: DeadLetterSummary[] = [];
    const isAll = filter.reason === undefined && filter.userId === undefined && filter.olderThanMs === undefined;
    const next = await this.#walk(after, isAll ? limit : CHUNK, async (spots) => {
      const found = await this.#read(spots, filter, summarize);
      for (const [index, { place }] of spots.entries()) {
        const letter = found[index];
        if (letter !== undefined) letters.push(letter);
        if (letters.length === limit) return place;
      }
      return undefined;
    });
    return { letters, next };
  }

  /** Reads a letter whole. Throws NOT_FOUND and UNAVAILABLE. */
  async get(id: string): Promise<DeadLetter> {
    const letter = await this.#get(id);
    if (letter === undefined) throw new DoorstepError("NOT_FOUND", "no such dead letter");
    return letter;
  }

  /**
   * Gives the events of a letter back to their user and removes it; answers where each stands now, in their order.
   * Throws NOT_FOUND, UNAVAILABLE and what an append throws, such as MAILBOX_FULL; the letter stays then.
   */
  async replay(id: string): Promise<PublishResult[]> {
    return replayLetter({ store: this.#store, queue: this.#queue }, await this.get(id));
  }

  /** Removes a letter for good. Throws NOT_FOUND and UNAVAILABLE. */
  async purge(id: string): Promise<void> {
    // BullMQ says that it removed what was never there.
    await this.get(id);
    await tryQueue(() => this.#queue.remove(id));
  }

  /** Removes the letters that a filter means, as many as one call looks at. Throws INVALID_USER and UNAVAILABLE. */
  async purgeAll(filter: DeadLetterFilter, after?: string): Promise<PurgeResult> {
    let purged = 0;
    const next = await this.#walk(after, CHUNK, async (spots) => {
      const ids = await this.#read(spots, filter, ({ parcel }) => deadLetterId(parcel.jobId));
      await inLanes(ids, LANES, async (id) => {
        if (id === undefined) return;
        const gone = await tryQueue(() => this.#queue.remove(id));
        purged += gone;
      });
      return undefined;
    });
    return { purged, next };
  }

  /** Closes the queue; the connection is the caller's. Idempotent. */
  close(): Promise<void> {
    return this.#queue.close();
  }

  /** Visits letters in chunks until a visit tells where to end, all are visited or enough; tells where to go on. */
  async #walk(
    after: string | undefined,
    chunk: number,
    visit: (spots: readonly Spot[]) => Promise<string | undefined>,
  ): Promise<string | null> {
    let place = after;
    for (let looked = 0; looked < LOOK_LETTERS; looked += chunk) {
      const spots = await this.#spots(place, chunk);
      const end = await visit(spots);
      if (end !== undefined) return end;
      if (spots.length < chunk) return null;
      place = spots.at(-1)?.place;
    }
    return place ?? null;
  }

  async #spots(after: string | undefined, limit: number): Promise<Spot[]> {
    const key = this.#queue.toKey("delayed");
    const from = after === undefined ? "-inf" : `(${after}`;
    const flat = await tryQueue(() =>
      this.#connection.zrangebyscore(key, from, "+inf", "WITHSCORES", "LIMIT", 0, limit),
    );
    const spots: Spot[] = [];
    // A score may come as 1.5e+15; it is a whole number below 2^53.
    for (let i = 0; i + 1 < flat.length; i += 2) spots.push({ id: flat[i] ?? "", place: String(Number(flat[i + 1])) });
    return spots;
  }

  /** Reads letters and keeps of each what `take` takes, at its index; nothing where it is gone or not meant. */
  async #read<T>(
    spots: readonly Spot[],
    { reason, userId, olderThanMs }: DeadLetterFilter,
    take: (letter: DeadLetter) => T,
  ): Promise<(T | undefined)[]> {
    const uid = userId === undefined ? undefined : this.#store.log.keysOf(userId).uid;
    const beforeMs = olderThanMs === undefined ? Infinity : (await this.#store.nowMs()) - olderThanMs;
    const taken: (T | undefined)[] = [];
    await inLanes(spots.entries(), LANES, async ([index, { id }]) => {
      if (uid !== undefined && !isLetterOf(id, uid)) return;
      const letter = await this.#get(id);
      const isMeant =
        letter !== undefined && (reason ?? letter.reason) === letter.reason && letter.deadAtMs <= beforeMs;
      if (isMeant) taken[index] = take(letter);
    });
    return taken;
  }

  async #get(id: string): Promise<DeadLetter | undefined> {
    if (!isDeadLetterId(id)) return undefined;
    return (await tryQueue(() => this.#queue.getJob(id)))?.data;
  }
}

/** Tells about a letter without the bodies of its events. */
export function summarize({ uid: _uid, history: _history, parcel, events, ...rest }: DeadLetter): DeadLetterSummary {
  const [first] = events;
  return {
    id: deadLetterId(parcel.jobId),
    ...rest,
    from: parcel.from,
    to: parcel.to,
    count: events.length,
    bytes: events.reduce((sum, [, body]) => sum + Buffer.byteLength(body), 0),
    publishedAtMs: offsetTimeMs(first === undefined ? parcel.to : first[0]),
  };
}
