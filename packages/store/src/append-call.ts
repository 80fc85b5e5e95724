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

/** What the script is called with. */
export interface AppendArguments {
  readonly keys: string[];
  readonly args: (string | number)[];
}

/** Arguments before those of the first user. */
const HEAD_LENGTH = 8;
/** One event, three keys, no earlier attempt. */
const ONE_PLAIN = countsOf(false, 3, 1);
const CLASS_LETTER = { durable: "d", stream: "s", ephemeral: "e" } as const;
/** All before the body, of an event with nothing special. */
const PLAIN = { durable: plainOf("d"), stream: plainOf("s"), ephemeral: plainOf("e") } as const;

/** The arguments before those of the first user, written. */
export function headText(limits: StoreLimits): string {
  return writeAll(headOf(limits, false));
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
    argCount += 5 + events.length * 6;
    argsText += user.argsText;
    argsText +=
      !isRetry && ownKeys === 3 && events.length === 1 ? ONE_PLAIN : countsOf(isRetry, ownKeys, events.length);
    for (const event of events) argsText += writeEvent(event, isRetry);
  }
  const firstKey = appends[0]?.user.keys.user ?? "";
  return { firstKey, length: keyCount + argCount, text: bulk(String(keyCount)) + keysText + head + argsText };
}

function writeEvent(event: EncodedEvent, isRetry: boolean): string {
  const { isCallerId, delivery, expiresAtMs, collapseKey, body } = event;
  const isPlain = !isCallerId && !isRetry && expiresAtMs === 0 && collapseKey === "";
  if (isPlain) return `${PLAIN[delivery]}$${Buffer.byteLength(body)}\r\n${body}\r\n`;
  return writeAll(argumentsOf(event, isRetry));
}

function writeAll(args: readonly (string | number)[]): string {
  return args.map((argument) => bulk(String(argument))).join("");
}

function plainOf(letter: string): string {
  return bulk("") + bulk(letter) + bulk("") + bulk("0") + bulk("");
}

function countsOf(isRetry: boolean, keys: number, events: number): string {
  return bulk(isRetry ? "1" : "0") + bulk(String(keys)) + bulk(String(events));
}

/** Keys and arguments as the header of append.lua has them. */
export function appendArguments(
  appends: readonly Append[],
  limits: StoreLimits,
  isReplicated: boolean,
): AppendArguments {
  const keys: string[] = [];
  const args = headOf(limits, isReplicated);
  for (const { user, userId, events, isRetry } of appends) {
    const first = keys.length;
    let isCollapsed = false;
    keys.push(user.keys.user, user.keys.log, user.keys.due);
    for (const { id, isCallerId, collapseKey } of events) {
      if (isCallerId) keys.push(dedupeKey(user.keys, id));
      if (collapseKey !== "") isCollapsed = true;
    }
    if (isCollapsed) keys.push(user.keys.collapse);
    args.push(user.keys.channel, userId, isRetry ? "1" : "0", keys.length - first, events.length);
    for (const event of events) args.push(...argumentsOf(event, isRetry));
  }
  return { keys, args };
}

function argumentsOf(event: EncodedEvent, isRetry: boolean): (string | number)[] {
  const digest = event.isCallerId ? digestOf(event.content) : "";
  // The body says it too; the script asks for it where it has to find it.
  const id = isRetry || event.isCallerId ? event.id : "";
  return [id, CLASS_LETTER[event.delivery], digest, event.expiresAtMs, event.collapseKey, event.body];
}

function headOf(limits: StoreLimits, isReplicated: boolean): (string | number)[] {
  return [
    limits.dedupeWindowMs,
    limits.logMaxEvents,
    limits.logMaxAgeMs,
    limits.mailboxMaxEvents,
    limits.mailboxMaxBytes,
    limits.maxPayloadBytes,
    keepMs(limits),
    isReplicated ? "1" : "0",
  ];
}

/** Sixteen bytes are enough to tell two bodies of one id apart. */
function digestOf(content: string): string {
  return createHash("sha256").update(content).digest("base64url").slice(0, 22);
}
