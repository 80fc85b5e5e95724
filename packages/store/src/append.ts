/**
 * Appends on their way to Redis: what begins in the same turn of the event loop leaves in one script call per node, and in a
 * Cluster per partition, since the keys of a call have to share a slot. A call that is not full waits while enough others are
 * on their way (Nagle): the busier Redis is, the more each call holds.
 *
 * A call costs Redis more than an event of it, so this is the largest part of what a busy publisher saves; appends of one user
 * are merged besides (append-merge.ts). Each append of a call is still all or none for itself, in the order in which they
 * began, and what refuses one refuses no other. A call that fails as a whole fails all of them: whether they happened is not
 * known then, as for one alone.
 */
import type { EncodedEvent, PublishResult } from "@doorstep/protocol";
import { type Append, appendArguments, type AppendReply, headText, writeAppends } from "./append-call.ts";
import { mergeAppends, namesTwice, splitReply } from "./append-merge.ts";
import type { StoreLimits } from "./limit.ts";
import type { Scripts } from "./script.ts";

/** Who is told what became of an append: one of the two, once. A promise's own functions will do. */
export interface AppendSink {
  resolve(results: PublishResult[]): void;
  reject(error: unknown): void;
}

/** An append and its caller. */
export interface QueuedAppend extends Append {
  readonly sink: AppendSink;
}

/** Makes the caller's answer of the script's; what it throws is the answer too. */
export type TakeReply = (append: Append, reply: AppendReply) => PublishResult[] | Promise<PublishResult[]>;

/** Most of one call, unless a single append has more: Redis does nothing else meanwhile, about 1 ms. */
const MAX_EVENTS = 100;
const MAX_CHARS = 262_144;
/** Calls on their way to one node, or of one partition of a Cluster, beyond which one that is not full waits. */
const BUSY_CALLS = 2;
/** Appends on their way up to which the next leaves at the end of its turn: the publisher is not busy, and none would join it. */
const QUIET_APPENDS = 4;

export class AppendQueue {
  readonly #scripts: Scripts;
  readonly #limits: StoreLimits;
  readonly #take: TakeReply;
  readonly #headText: string;
  /** Whether Redis knew the script when it was last asked. Until then calls bring its text: the first one may be the last. */
  #isLoaded = false;
  /** What waits or is on its way, by partition in a Cluster; all under 0 otherwise. */
  readonly #lanes = new Map<number, Lane>();

  constructor(scripts: Scripts, limits: StoreLimits, take: TakeReply) {
    this.#scripts = scripts;
    this.#limits = limits;
    this.#take = take;
    this.#headText = headText(limits);
  }

  /** Settles the append with what the script answers for it; STORE_FULL or UNAVAILABLE where the call failed. */
  push(append: QueuedAppend): void {
    const key = this.#scripts.connection.isCluster ? append.user.keys.partition : 0;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      const send = (call: readonly QueuedAppend[]) => this.#send(call);
      lane = new Lane(send, () => this.#lanes.delete(key));
      this.#lanes.set(key, lane);
    }
    lane.push(append);
  }

  /** Never rejects. */
  async #send(call: readonly QueuedAppend[]): Promise<void> {
    if (!namesTwice(call)) return this.#sendEach(call);
    const merged = mergeAppends(call);
    const refused: QueuedAppend[] = [];
    try {
      const replies = await this.#run(merged.map(({ append }) => append));
      for (const [i, { members }] of merged.entries()) {
        const parts = splitReply(members, replies[i] ?? []);
        if (parts === undefined) refused.push(...members);
        else for (const [j, member] of members.entries()) this.#settle(member, parts[j] ?? []);
      }
    } catch (error) {
      for (const { sink } of call) sink.reject(error);
    }
    if (refused.length > 0) await this.#sendEach(refused);
  }

  /** The same where nothing is to be merged. */
  async #sendEach(call: readonly QueuedAppend[]): Promise<void> {
    try {
      const replies = await this.#run(call);
      for (const [i, append] of call.entries()) this.#settle(append, replies[i] ?? []);
    } catch (error) {
      for (const { sink } of call) sink.reject(error);
    }
  }

  #settle(append: QueuedAppend, reply: AppendReply): void {
    const { sink } = append;
    try {
      const answer = this.#take(append, reply);
      if (answer instanceof Promise) settle(answer, sink);
      else sink.resolve(answer);
    } catch (error) {
      sink.reject(error);
    }
  }

  async #run(call: readonly Append[]): Promise<AppendReply[]> {
    const written = this.#isLoaded
      ? await this.#scripts.runWritten("append", writeAppends(call, this.#headText))
      : undefined;
    if (written !== undefined) return written as AppendReply[];
    this.#isLoaded = false;
    const { keys, args } = appendArguments(call, this.#limits, false);
    const replies = (await this.#scripts.run("append", keys, args)) as AppendReply[];
    this.#isLoaded = true;
    return replies;
  }
}

/** The calls to one node, or of one partition. */
class Lane {
  readonly #send: (call: readonly QueuedAppend[]) => Promise<void>;
  readonly #onIdle: () => void;
  #waiting: QueuedAppend[] = [];
  #calls = 0;
  /** Appends on their way. */
  #sent = 0;
  #isDue = false;

  constructor(send: (call: readonly QueuedAppend[]) => Promise<void>, onIdle: () => void) {
    this.#send = send;
    this.#onIdle = onIdle;
  }

  push(append: QueuedAppend): void {
    this.#waiting.push(append);
    // Where few are on their way nobody has to wait until the loop comes round: what this turn still brings leaves with it.
    this.#flushSoon(this.#calls < BUSY_CALLS && this.#sent <= QUIET_APPENDS);
  }

  #flushSoon(isThisTurn: boolean): void {
    if (this.#isDue) return;
    this.#isDue = true;
    if (isThisTurn) process.nextTick(this.#flush);
    else setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isDue = false;
    let from = 0;
    let events = 0;
    let chars = 0;
    for (let i = 0; i < this.#waiting.length; i++) {
      const own = this.#waiting[i]?.events ?? [];
      const length = charsOf(own);
      events += own.length;
      chars += length;
      if (i > from && (events > MAX_EVENTS || chars > MAX_CHARS)) {
        void this.#call(this.#waiting.slice(from, i));
        from = i;
        events = own.length;
        chars = length;
      }
    }
    const isFull = events >= MAX_EVENTS || chars >= MAX_CHARS;
    if (isFull || this.#calls < BUSY_CALLS) {
      void this.#call(from === 0 ? this.#waiting : this.#waiting.slice(from));
      this.#waiting = [];
    } else if (from > 0) {
      this.#waiting = this.#waiting.slice(from);
    }
  };

  async #call(call: readonly QueuedAppend[]): Promise<void> {
    this.#calls += 1;
    this.#sent += call.length;
    await this.#send(call);
    this.#calls -= 1;
    this.#sent -= call.length;
    if (this.#waiting.length > 0) this.#flushSoon(this.#calls === 0);
    else if (this.#calls === 0) this.#onIdle();
  }
}

/** Tells a sink what a promise settles with. */
export function settle(answer: Promise<PublishResult[]>, sink: AppendSink): void {
  answer.then(
    (results) => sink.resolve(results),
    (error: unknown) => sink.reject(error),
  );
}

function charsOf(events: readonly EncodedEvent[]): number {
  let chars = 0;
  for (const { body } of events) chars += body.length;
  return chars;
}
