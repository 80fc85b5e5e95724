/**
 * A call of the append script for several appends: as keys and arguments, and written out as Redis reads it.
 *
 * A busy publisher's calls have more than a thousand arguments, most of which are the same for every event or for every event of a user.
 * So these are written once, and of each event little more than its body.
 */
import { createHash } from "node:crypto";
import type { EncodedEvent } from "@doorstep/protocol";
import type { KnownUser } from "./known-users.ts";
import { keepMs, type StoreLimits } from "./limit.ts";
import { bulk, type WrittenCall } from "./script.ts";
import { dedupeKey } from "./user-key.ts";

/** Events of one user that are appended whole or not at all. */
export interface Append {
  readonly user: KnownUser;
  readonly userId: string;
  readonly events: readonly EncodedEvent[];
  /** Whether an earlier attempt with the same events may have succeeded. */
  readonly isRetry: boolean;
}

/** What the script answers for one append: see append.lua. */
export type AppendReply = string | readonly string[];

/** What the script is called with. */
export interface AppendArguments {
  readonly keys: string[];
  readonly args: (string | number)[];
}

/** Arguments before those of the first user. */
const HEAD_LENGTH = 1;
/** Arguments of an event: class and tail; id, digest, expiry and collapse key too. */
const PLAIN_WIDTH = 2;
const FULL_WIDTH = 6;
const CLASS_LETTER = { durable: "d", stream: "s", ephemeral: "e" } as const;
/** The class of one plain event, which stands for its shape too, written. */
const ONE_PLAIN = { durable: bulk("d"), stream: bulk("s"), ephemeral: bulk("e") } as const;

/** The argument before those of the first user, written. */
export function headText(limits: StoreLimits): string {
  return bulk(headOf(limits, false));
}

/** The call of `appendArguments`, written; what most events have in common is written once and for all. */
export function writeAppends(appends: readonly Append[], head: string): WrittenCall {
  let keyCount = 0;
  let argCount = HEAD_LENGTH;
  let keysText = "";
  let argsText = "";
  for (const { user, events, isRetry } of appends) {
    let ownKeys = 3;
    let isCollapsed = false;
    keysText += user.keysText;
    for (const { id, isCallerId, collapseKey } of events) {
      if (collapseKey !== "") isCollapsed = true;
      if (!isCallerId) continue;
      ownKeys += 1;
      keysText += bulk(dedupeKey(user.keys, id));
    }
    if (isCollapsed) {
      ownKeys += 1;
      keysText += bulk(user.keys.collapse);
    }
    keyCount += ownKeys;
    argsText += user.argsText;
    const width = widthOf(events, isRetry);
    const [first] = events;
    if (events.length === 1 && first !== undefined && width === PLAIN_WIDTH) {
      argCount += 2 + PLAIN_WIDTH;
      argsText += ONE_PLAIN[first.delivery] + bulk(tailOf(first));
    } else {
      argCount += 3 + events.length * width;
      argsText += bulk(shapeOf(isRetry, ownKeys, events.length, width));
      for (const event of events) argsText += writeAll(argumentsOf(event, isRetry, width));
    }
  }
  const firstKey = appends[0]?.user.keys.user ?? "";
  return { firstKey, length: keyCount + argCount, text: bulk(String(keyCount)) + keysText + head + argsText };
}

function writeAll(args: readonly (string | number)[]): string {
  return args.map((argument) => bulk(String(argument))).join("");
}

/** Whether an append may be merged with others of its user: nothing about its events is more than their order and bodies. */
export function isPlain({ events, isRetry }: Append): boolean {
  return widthOf(events, isRetry) === PLAIN_WIDTH && events.every(({ delivery }) => delivery !== "ephemeral");
}

/** How many arguments each event of an append has: class and tail, and four more where one of them needs one. */
function widthOf(events: readonly EncodedEvent[], isRetry: boolean): number {
  if (isRetry) return FULL_WIDTH;
  for (const { isCallerId, expiresAtMs, collapseKey } of events) {
    if (isCallerId || expiresAtMs !== 0 || collapseKey !== "") return FULL_WIDTH;
  }
  return PLAIN_WIDTH;
}

/** What the script is told of an append as a whole, unless it is one plain event, as most are. */
function shapeOf(isRetry: boolean, keys: number, events: number, width: number): string {
  return `${isRetry ? 1 : 0} ${keys} ${events} ${width}`;
}

/** The text of an event after its opening brace: the script puts the offset between the two. */
function tailOf({ body }: EncodedEvent): string {
  return body.slice(1);
}

/** Keys and arguments as the header of append.lua has them. */
export function appendArguments(
  appends: readonly Append[],
  limits: StoreLimits,
  isReplicated: boolean,
): AppendArguments {
  const keys: string[] = [];
  const args: (string | number)[] = [headOf(limits, isReplicated)];
  for (const { user, userId, events, isRetry } of appends) {
    const first = keys.length;
    let isCollapsed = false;
    keys.push(user.keys.user, user.keys.log, user.keys.due);
    for (const { id, isCallerId, collapseKey } of events) {
      if (isCallerId) keys.push(dedupeKey(user.keys, id));
      if (collapseKey !== "") isCollapsed = true;
    }
    if (isCollapsed) keys.push(user.keys.collapse);
    const width = widthOf(events, isRetry);
    args.push(user.keys.channel, userId);
    const isOnePlain = events.length === 1 && width === PLAIN_WIDTH;
    if (!isOnePlain) args.push(shapeOf(isRetry, keys.length - first, events.length, width));
    for (const event of events) args.push(...argumentsOf(event, isRetry, width));
  }
  return { keys, args };
}

function argumentsOf(event: EncodedEvent, isRetry: boolean, width: number): (string | number)[] {
  const letter = CLASS_LETTER[event.delivery];
  if (width === PLAIN_WIDTH) return [letter, tailOf(event)];
  const digest = event.isCallerId ? digestOf(event.content) : "";
  // The body says it too; the script asks for it where it has to find it.
  const id = isRetry || event.isCallerId ? event.id : "";
  return [letter, tailOf(event), id, digest, event.expiresAtMs, event.collapseKey];
}

/** One argument, since each costs Redis about as much as the shortest command. */
function headOf(limits: StoreLimits, isReplicated: boolean): string {
  return [
    limits.maxPayloadBytes,
    limits.mailboxMaxEvents,
    limits.mailboxMaxBytes,
    limits.logMaxEvents,
    limits.logMaxAgeMs,
    limits.dedupeWindowMs,
    keepMs(limits),
    isReplicated ? 1 : 0,
  ].join(" ");
}

/** Sixteen bytes are enough to tell two bodies of one id apart. */
function digestOf(content: string): string {
  return createHash("sha256").update(content).digest("base64url").slice(0, 22);
}
