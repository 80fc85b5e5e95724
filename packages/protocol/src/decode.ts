/**
 * Hand-written decoders: from `unknown` to a typed message or a coded error, for everything that crosses the socket.
 *
 * The gateway decodes what clients send (a bad message gets its code, changes nothing); the client decodes what the hub
 * sends, so that a newer or broken hub never makes it throw inside an event handler. Unknown extra fields pass.
 */
import type { Envelope } from "./envelope.ts";
import { DoorstepError, type ErrorAnswer, type ErrorCode, isErrorCode } from "./error.ts";
import { isRecord } from "./json.ts";
import { ID_PATTERN, LIMITS } from "./limit.ts";
import { FROM_NOW, isOffset, parseOffset } from "./offset.ts";
import {
  type Ack,
  type CommandMessage,
  type Drain,
  type Gap,
  GAP_REASONS,
  type Handshake,
  type Ready,
  type Refresh,
  type WebPushChange,
} from "./wire.ts";

/** Longest token the hub looks at, in characters; a JWT of any sane size fits. */
const MAX_TOKEN_LENGTH = 8_192;

/** An absolute URL of ASCII, without user name or password: the form of every push service's endpoints. */
const ENDPOINT_PATTERN = /^https:\/\/[A-Za-z0-9.-]+(?::\d{1,5})?\/[!-~]*$/;
/** 65 bytes in base64url of which the first is 4, and 16 bytes. */
const P256DH_PATTERN = /^B[A-P][A-Za-z0-9_-]{85}$/;
const AUTH_PATTERN = /^[A-Za-z0-9_-]{22}$/;

/** Fields of an envelope that are text where they are given. */
const OPTIONAL_TEXT = [
  "source",
  "subject",
  "threadId",
  "runId",
  "parentRunId",
  "expiresAt",
  "collapseKey",
  "traceparent",
] as const;

/** Decodes the handshake's `auth`; throws HANDSHAKE_INVALID, or TOKEN_INVALID where no token is given. */
export function decodeHandshake(value: unknown): Handshake {
  const auth = record(value, "HANDSHAKE_INVALID", "auth");
  const { token, offset, ack, clientId } = auth;
  if (token === undefined || token === "") throw new DoorstepError("TOKEN_INVALID", "auth.token is missing");
  expect(isToken(token), "HANDSHAKE_INVALID", "auth.token is text");
  expect(
    offset === undefined || offset === null || offset === FROM_NOW || isOffset(offset),
    "HANDSHAKE_INVALID",
    'auth.offset is an offset or "$"',
  );
  expect(
    ack === undefined || ack === "auto" || ack === "manual",
    "HANDSHAKE_INVALID",
    'auth.ack is "auto" or "manual"',
  );
  expect(clientId === undefined || isId(clientId), "HANDSHAKE_INVALID", "auth.clientId has the form of an id");
  return {
    token,
    ...(typeof offset === "string" ? { offset } : {}),
    ...(ack === undefined ? {} : { ack }),
    ...(clientId === undefined ? {} : { clientId }),
  };
}

/** Decodes `ack`; throws INVALID_REQUEST or INVALID_OFFSET. */
export function decodeAck(value: unknown): Ack {
  return { offset: parseOffset(record(value, "INVALID_REQUEST", "ack")["offset"]) };
}

/** Decodes `refresh`; throws INVALID_REQUEST. */
export function decodeRefresh(value: unknown): Refresh {
  const { token } = record(value, "INVALID_REQUEST", "refresh");
  expect(isToken(token), "INVALID_REQUEST", "refresh.token is text");
  return { token };
}

/** Decodes `push`; throws INVALID_REQUEST. */
export function decodeWebPushChange(value: unknown): WebPushChange {
  const { subscription, endpoint, remove } = record(value, "INVALID_REQUEST", "push");
  if (remove === true) {
    expect(isEndpoint(endpoint), "INVALID_REQUEST", "push.endpoint is an https URL");
    return { endpoint, remove };
  }
  const given = record(subscription, "INVALID_REQUEST", "push.subscription");
  const { p256dh, auth } = record(given["keys"], "INVALID_REQUEST", "push.subscription.keys");
  expect(isEndpoint(given["endpoint"]), "INVALID_REQUEST", "push.subscription.endpoint is an https URL");
  expect(matches(p256dh, P256DH_PATTERN), "INVALID_REQUEST", "push.subscription.keys.p256dh is a point in base64url");
  expect(matches(auth, AUTH_PATTERN), "INVALID_REQUEST", "push.subscription.keys.auth is 16 bytes in base64url");
  return { subscription: { endpoint: given["endpoint"], keys: { p256dh, auth } } };
}

/** Decodes `command`; throws INVALID_REQUEST. */
export function decodeCommand(value: unknown): CommandMessage {
  const { id, runId, name, payload } = record(value, "INVALID_REQUEST", "command");
  expect(isId(id), "INVALID_REQUEST", "command.id has the form of an id");
  expect(isId(runId), "INVALID_REQUEST", "command.runId has the form of an id");
  expect(isId(name), "INVALID_REQUEST", "command.name has the form of an id");
  return { id, runId, name, payload: (payload ?? null) as CommandMessage["payload"] & {} };
}

/** Decodes one envelope; throws INVALID_EVENT. `data` passes as it is. */
export function decodeEnvelope(value: unknown): Envelope {
  const envelope = record(value, "INVALID_EVENT", "event");
  for (const name of ["id", "type", "time"]) {
    expect(typeof envelope[name] === "string", "INVALID_EVENT", `event.${name} is text`);
  }
  for (const name of OPTIONAL_TEXT) {
    expect(
      envelope[name] === undefined || typeof envelope[name] === "string",
      "INVALID_EVENT",
      `event.${name} is text`,
    );
  }
  const { attempt } = envelope;
  expect(attempt === undefined || typeof attempt === "number", "INVALID_EVENT", "event.attempt is a number");
  expect(
    envelope["offset"] === undefined || isOffset(envelope["offset"]),
    "INVALID_EVENT",
    "event.offset is an offset",
  );
  return envelope as unknown as Envelope;
}

/** Decodes the argument of `events` or `ephemeral`; throws INVALID_EVENT. */
export function decodeEvents(value: unknown): Envelope[] {
  expect(Array.isArray(value), "INVALID_EVENT", "a list of events was expected");
  return value.map(decodeEnvelope);
}

/** Decodes `ready`; throws INVALID_REQUEST. */
export function decodeReady(value: unknown): Ready {
  const { clientId, offset, replayed, recovered, gateway } = record(value, "INVALID_REQUEST", "ready");
  return {
    clientId: typeof clientId === "string" ? clientId : "",
    offset: parseOffset(offset),
    replayed: typeof replayed === "number" ? replayed : 0,
    recovered: recovered === true,
    gateway: typeof gateway === "string" ? gateway : "",
  };
}

/** Decodes `gap`; throws INVALID_REQUEST. A reason of a newer hub reads as `dropped`. */
export function decodeGap(value: unknown): Gap {
  const { from, to, reason, count, possible } = record(value, "INVALID_REQUEST", "gap");
  return {
    from: parseOffset(from),
    to: parseOffset(to),
    reason: GAP_REASONS.find((known) => known === reason) ?? "dropped",
    ...(typeof count === "number" ? { count } : {}),
    ...(possible === true ? { possible } : {}),
  };
}

/** Decodes `drain`; throws INVALID_REQUEST. */
export function decodeDrain(value: unknown): Drain {
  return { afterMs: milliseconds(record(value, "INVALID_REQUEST", "drain")["afterMs"]) ?? 0 };
}

/** Decodes an error answer (`closing`, `connect_error.data`); anything unknown reads as a retryable INTERNAL. */
export function decodeErrorAnswer(value: unknown): ErrorAnswer {
  const answer = isRecord(value) ? value : {};
  const afterMs = milliseconds(answer["afterMs"]);
  const known = isErrorCode(answer["code"]) ? new DoorstepError(answer["code"]) : new DoorstepError("INTERNAL");
  return {
    code: known.code,
    number: typeof answer["number"] === "number" ? answer["number"] : known.number,
    message: typeof answer["message"] === "string" ? answer["message"] : known.message,
    retryable: typeof answer["retryable"] === "boolean" ? answer["retryable"] : known.retryable,
    ...(afterMs === undefined ? {} : { afterMs }),
  };
}

function record(value: unknown, code: ErrorCode, name: string): Record<string, unknown> {
  expect(isRecord(value), code, `${name} has to be an object`);
  return value;
}

function expect(condition: boolean, code: ErrorCode, detail: string): asserts condition {
  if (!condition) throw new DoorstepError(code, detail);
}

function isToken(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_TOKEN_LENGTH;
}

function isId(value: unknown): value is string {
  return matches(value, ID_PATTERN);
}

function isEndpoint(value: unknown): value is string {
  return matches(value, ENDPOINT_PATTERN) && value.length <= LIMITS.endpointLength;
}

function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === "string" && pattern.test(value);
}

function milliseconds(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}
