/**
 * The envelope: what an event looks like to everyone who reads it (PROTOCOL section 3).
 *
 * Names are CloudEvents' where those exist. There is no user id in it: the log it lies in and the socket it leaves by
 * are the address (P4). The publisher encodes it once; the append script splices the offset in front, and no program
 * parses it again before the browser does.
 */
import { DoorstepError } from "./error.ts";
import { type DeliveryClass, deliveryOf, type EventMap, type EventType } from "./event.ts";
import type { EventId, RunId, ThreadId, UserId } from "./json.ts";
import { ID_PATTERN, LIMITS, TYPE_PATTERN } from "./limit.ts";
import type { Offset } from "./offset.ts";

/** An event as a client receives it. Ephemeral ones have no offset. */
export interface Envelope<T extends string = string, D = unknown> {
  offset?: Offset;
  id: EventId;
  type: T;
  /** When it was published, RFC 3339, by the publisher's clock; order comes from offsets only. */
  time: string;
  source?: string;
  subject?: string;
  threadId?: ThreadId;
  runId?: RunId;
  parentRunId?: RunId;
  attempt?: number;
  expiresAt?: string;
  collapseKey?: string;
  traceparent?: string;
  data: D;
}

/** Every event of a vocabulary, told apart by `type`. */
export type DoorstepEvent<M extends object = EventMap> = { [K in keyof M & string]: Envelope<K, M[K]> }[keyof M &
  string];

/** Optional fields of an envelope that a publisher may set. */
export interface EnvelopeFields {
  source?: string | undefined;
  subject?: string | undefined;
  threadId?: ThreadId | undefined;
  runId?: RunId | undefined;
  parentRunId?: RunId | undefined;
  attempt?: number | undefined;
  collapseKey?: string | undefined;
  traceparent?: string | undefined;
}

/** What a publisher hands in for one event. */
export interface EventInput extends EnvelopeFields {
  type: EventType | (string & {});
  data: unknown;
  /** Chosen by the caller: the key of deduplication. Absent: the hub makes one. */
  id?: EventId | undefined;
  delivery?: DeliveryClass | undefined;
  /** Milliseconds from now after which nobody needs the event any more. */
  expiresInMs?: number | undefined;
}

/** An event ready to be appended: checked, encoded once. */
export interface EncodedEvent {
  readonly id: EventId;
  /** Whether the caller chose the id, so that it is deduplicated over the whole window. */
  readonly isCallerId: boolean;
  readonly delivery: DeliveryClass;
  /** JSON text of the envelope without its offset; starts with `{"id":"<id>",`. */
  readonly body: string;
  /** The part of the body that a repetition must share: everything but id, time and expiry. */
  readonly content: string;
  /** Milliseconds since 1970, or 0 for none. */
  readonly expiresAtMs: number;
  readonly collapseKey: string;
}

/**
 * When a publish is answered: once the event is in the log of the master, or once replicas have it too. Neither is a
 * consensus; PROTOCOL section 7.3 says what each is worth.
 */
export type Durability = "logged" | "replicated";

/** One answer of a publish. Ephemeral events are not logged: their offset is null. */
export interface PublishResult {
  id: EventId;
  offset: Offset | null;
  duplicate: boolean;
  /** How many replicas have the event; there only where durability "replicated" was asked for and it was logged. */
  replicas?: number;
}

/** Where a one-off event goes. */
export interface Target {
  userId: UserId;
  threadId?: ThreadId | undefined;
}

const TEXT_FIELDS = ["source", "subject", "traceparent"] as const;
const ID_FIELDS = ["threadId", "runId", "parentRunId"] as const;
const DELIVERY_CLASSES: ReadonlySet<unknown> = new Set(["durable", "stream", "ephemeral"]);
const MAX_TEXT_LENGTH = 512;
const EXPIRES_RANGE = `expiresInMs is a whole number from 1 to ${LIMITS.expiresInMs}`;
const BRACKETS = ["{", "["] as const;
const MS_PER_S = 1_000;
/** Bytes of UTF-8 that a UTF-16 unit takes at most. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * Checks and encodes one event. Throws INVALID_EVENT naming the field, TOO_LARGE by the body's UTF-8 size.
 * `newId` makes the id where the caller chose none; `nowMs` is the publisher's clock.
 */
export function encodeEvent(
  input: EventInput,
  newId: () => EventId,
  nowMs: number,
  maxPayloadBytes: number = LIMITS.payloadBytes,
): EncodedEvent {
  const { id = newId(), type, data, expiresInMs, collapseKey } = input;
  const delivery = input.delivery ?? deliveryOf(type);
  check(typeof type === "string" && TYPE_PATTERN.test(type), "type has to be 1-128 of A-Z a-z 0-9 _ . : / -");
  check(
    input.id === undefined || (typeof id === "string" && ID_PATTERN.test(id)),
    "id has to be 1-128 of A-Z a-z 0-9 . _ : @ / + = ~ -",
  );
  check(DELIVERY_CLASSES.has(delivery), "delivery is durable, stream or ephemeral");
  check(
    collapseKey === undefined || (typeof collapseKey === "string" && ID_PATTERN.test(collapseKey)),
    "collapseKey has the form of an id",
  );
  check(
    expiresInMs === undefined ||
      (Number.isInteger(expiresInMs) && expiresInMs > 0 && expiresInMs <= LIMITS.expiresInMs),
    EXPIRES_RANGE,
  );
  const expiresAtMs = expiresInMs === undefined ? 0 : nowMs + expiresInMs;
  const expires = expiresAtMs === 0 ? "" : `"expiresAt":"${new Date(expiresAtMs).toISOString()}",`;
  const opening = `{"id":"${id}","time":"${timeText(nowMs)}",${expires}`;
  const body = `${opening}"type":"${type}"${encodeFields(input)},"data":${encodeData(data)}}`;
  checkSize(id, body, maxPayloadBytes);
  return {
    id,
    isCallerId: input.id !== undefined,
    delivery,
    body,
    // A view of the body, not a copy.
    content: body.slice(opening.length),
    expiresAtMs,
    collapseKey: collapseKey ?? "",
  };
}

/** A time up to its seconds, and which second that is. */
let second = Number.NaN;
let secondText = "";

/** RFC 3339, as `toISOString` writes it; the events of a second share most of it. */
function timeText(ms: number): string {
  const inSecond = ms % MS_PER_S;
  const own = ms - inSecond;
  if (own !== second) {
    secondText = new Date(own).toISOString().slice(0, -"000Z".length);
    second = own;
  }
  return `${secondText}${inSecond < 10 ? "00" : inSecond < 100 ? "0" : ""}${inSecond}Z`;
}

function checkSize(id: EventId, body: string, maxPayloadBytes: number): void {
  // Bytes are counted only where there may be too many.
  if (body.length * MAX_BYTES_PER_UNIT <= maxPayloadBytes) return;
  const bytes = utf8Length(body);
  if (bytes > maxPayloadBytes) {
    throw new DoorstepError("TOO_LARGE", `event ${id} has ${bytes} bytes, the limit is ${maxPayloadBytes}`);
  }
}

function encodeFields(input: EnvelopeFields): string {
  let text = "";
  for (const name of TEXT_FIELDS) {
    const value: unknown = input[name];
    if (value === undefined) continue;
    if (typeof value !== "string" || value.length > MAX_TEXT_LENGTH) {
      throw new DoorstepError("INVALID_EVENT", `${name} is text of up to ${MAX_TEXT_LENGTH} characters`);
    }
    text += `,"${name}":${JSON.stringify(value)}`;
  }
  for (const name of ID_FIELDS) {
    const value: unknown = input[name];
    if (value === undefined) continue;
    if (typeof value !== "string" || !ID_PATTERN.test(value)) {
      throw new DoorstepError("INVALID_EVENT", `${name} has the form of an id`);
    }
    text += `,"${name}":"${value}"`;
  }
  if (input.attempt !== undefined) {
    check(Number.isInteger(input.attempt) && input.attempt >= 1, "attempt is a whole number from 1");
    text += `,"attempt":${input.attempt}`;
  }
  return input.collapseKey === undefined ? text : `${text},"collapseKey":"${input.collapseKey}"`;
}

function encodeData(data: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(data ?? null);
  } catch (error) {
    throw new DoorstepError("INVALID_EVENT", "data has to be JSON (no cycles, no BigInt)", { cause: error });
  }
  check(text !== undefined, "data has to be JSON, not a function or a symbol");
  if (mayBeDeep(text) && depthOf(text) > LIMITS.bodyDepth) {
    throw new DoorstepError("INVALID_EVENT", `data is nested deeper than ${LIMITS.bodyDepth}`);
  }
  return text;
}

/** Whether there are brackets enough for more than the deepest nesting; most texts have few, which are found fast. */
function mayBeDeep(text: string): boolean {
  let brackets = 0;
  for (const bracket of BRACKETS) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      if (++brackets > LIMITS.bodyDepth) return true;
    }
  }
  return false;
}

/** Deepest nesting of JSON text, read without recursion so that hostile depth costs nothing. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (quoted) {
      if (character === 0x5c) i++;
      else if (character === 0x22) quoted = false;
    } else if (character === 0x22) quoted = true;
    else if (character === 0x7b || character === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (character === 0x7d || character === 0x5d) depth--;
  }
  return deepest;
}

/** Bytes that `text` takes as UTF-8; works in browsers and Node without allocating. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7ff) bytes += unit >= 0xd800 && unit <= 0xdfff ? 1 : 2;
    else if (unit > 0x7f) bytes += 1;
  }
  return bytes;
}

function check(condition: boolean, expectation: string): asserts condition {
  if (!condition) throw new DoorstepError("INVALID_EVENT", expectation);
}
