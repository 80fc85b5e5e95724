/**
 * Appends on their way to Redis: what begins in the same turn of the event loop leaves in one script call per node, and in a
 * Cluster per partition, since the keys of a call have to share a slot.
 *
 * A call costs Redis more than an event of it, so this is the largest part of what a busy publisher saves. Each append of a
 * call is still all or none for itself, in the order in which they began, and what refuses one refuses no other. A call that
 * fails as a whole fails all of them: whether they happened is not known then, as for one alone.
 */
import { createHash } from "node:crypto";
import type { EncodedEvent } from "@doorstep/protocol";
import { keepMs, type StoreLimits } from "./limit.ts";
import type { Scripts } from "./script.ts";
import { dedupeKey, type UserKeys } from "./user-key.ts";

/** Events of one user that are appended whole or not at all. */
export interface Append {
  readonly user: UserKeys;
  readonly userId: string;
  readonly events: readonly EncodedEvent[];
  /** Whether an earlier attempt with the same events may have succeeded. */
  readonly isRetry: boolean;
}

/** What the script is called with. */
export interface AppendArguments {
  readonly keys: string[];
  readonly args: (string | number)[];
}

interface Waiting extends Append {
  readonly resolve: (reply: string[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Most of one call, unless a single append has more: Redis does nothing else meanwhile, about 1 ms. */
const MAX_EVENTS = 100;
const MAX_CHARS = 262_144;
const CLASS_LETTER = { durable: "d", stream: "s", ephemeral: "e" } as const;

export class AppendQueue {
  readonly #scripts: Scripts;
  readonly #limits: StoreLimits;
  #waiting: Waiting[] = [];

  constructor(scripts: Scripts, limits: StoreLimits) {
    this.#scripts = scripts;
    this.#limits = limits;
  }

  /** Answers what the script does for this append. Throws STORE_FULL or UNAVAILABLE. */
  push(append: Append): Promise<string[]> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#flush());
      this.#waiting.push({ ...append, resolve, reject });
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const groups = this.#scripts.connection.isCluster ? byPartition(waiting) : [waiting];
    for (const group of groups) for (const call of callsOf(group)) void this.#call(call);
  }

  async #call(call: readonly Waiting[]): Promise<void> {
    const { keys, args } = appendArguments(call, this.#limits, false);
    try {
      const replies = (await this.#scripts.run("append", keys, args)) as string[][];
      for (const [i, { resolve }] of call.entries()) resolve(replies[i] ?? []);
    } catch (error) {
      for (const { reject } of call) reject(error);
    }
  }
}

function byPartition(waiting: readonly Waiting[]): Iterable<Waiting[]> {
  const groups = new Map<number, Waiting[]>();
  for (const append of waiting) {
    const group = groups.get(append.user.partition);
    if (group === undefined) groups.set(append.user.partition, [append]);
    else group.push(append);
  }
  return groups.values();
}

/** Cuts what waits into calls of a bearable size. */
function callsOf(waiting: readonly Waiting[]): Waiting[][] {
  const calls: Waiting[][] = [];
  let events = Number.POSITIVE_INFINITY;
  let chars = 0;
  for (const append of waiting) {
    const length = append.events.reduce((sum, { body }) => sum + body.length, 0);
    events += append.events.length;
    chars += length;
    if (events > MAX_EVENTS || chars > MAX_CHARS) {
      calls.push([]);
      events = append.events.length;
      chars = length;
    }
    calls.at(-1)?.push(append);
  }
  return calls;
}

/** Keys and arguments as the header of append.lua has them. */
export function appendArguments(
  appends: readonly Append[],
  limits: StoreLimits,
  isReplicated: boolean,
): AppendArguments {
  const keys: string[] = [];
  const args: (string | number)[] = [
    limits.dedupeWindowMs,
    limits.logMaxEvents,
    limits.logMaxAgeMs,
    limits.mailboxMaxEvents,
    limits.mailboxMaxBytes,
    limits.maxPayloadBytes,
    keepMs(limits),
    isReplicated ? "1" : "0",
  ];
  for (const { user, userId, events, isRetry } of appends) {
    const first = keys.length;
    keys.push(user.user, user.log, user.due);
    for (const { id, isCallerId } of events) if (isCallerId) keys.push(dedupeKey(user, id));
    if (events.some(({ collapseKey }) => collapseKey !== "")) keys.push(user.collapse);
    args.push(user.channel, userId, isRetry ? "1" : "0", keys.length - first, events.length);
    for (const event of events) {
      const digest = event.isCallerId ? digestOf(event.content) : "";
      // The body says it too; the script asks for it where it has to find it.
      const id = isRetry || event.isCallerId ? event.id : "";
      args.push(id, CLASS_LETTER[event.delivery], digest, event.expiresAtMs, event.collapseKey, event.body);
    }
  }
  return { keys, args };
}

/** Sixteen bytes are enough to tell two bodies of one id apart. */
function digestOf(content: string): string {
  return createHash("sha256").update(content).digest("base64url").slice(0, 22);
}
