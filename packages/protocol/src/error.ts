/**
 * The one table of errors and closings.
 *
 * A code is the name programs compare; its number never changes and its range carries the policy, so that a client
 * which does not know a code still does the right thing:
 *
 *   100-199    answers to requests; `retryable` says whether the same request may succeed later
 *   400-499    free for applications
 *   4000-4099  closing: reconnect now (after `afterMs` if given)
 *   4100-4299  closing: back off, then reconnect
 *   4300-4399  closing: get a fresh token, then reconnect
 *   4500-4999  closing: stay away
 *
 * docs/reference/errors.md has a row per code; a test compares the two.
 */

/** A row: number, HTTP status where one applies, whether the same call may succeed later, what it says by default. */
export interface ErrorRow {
  readonly number: number;
  readonly status: number;
  readonly retryable: boolean;
  readonly text: string;
}

export const ERRORS = {
  INVALID_REQUEST: {
    number: 100,
    status: 400,
    retryable: false,
    text: "the request does not have the documented form",
  },
  INVALID_EVENT: { number: 101, status: 422, retryable: false, text: "the event cannot be published as it is" },
  INVALID_USER: {
    number: 102,
    status: 422,
    retryable: false,
    text: "the user id is empty, too long or not valid Unicode",
  },
  INVALID_OFFSET: { number: 103, status: 400, retryable: false, text: "the offset is not one the hub gave" },
  TOO_LARGE: { number: 104, status: 413, retryable: false, text: "the event is larger than the limit" },
  CONFLICT: { number: 105, status: 409, retryable: false, text: "the event id was used before for another event" },
  MAILBOX_FULL: { number: 106, status: 429, retryable: true, text: "the user has too many undelivered events" },
  RATE_LIMITED: { number: 107, status: 429, retryable: true, text: "too many requests" },
  STORE_FULL: { number: 108, status: 503, retryable: true, text: "Redis is out of memory" },
  UNAVAILABLE: { number: 109, status: 503, retryable: true, text: "Redis cannot be reached" },
  UNAUTHORIZED: { number: 110, status: 401, retryable: false, text: "the credentials are missing or not valid" },
  FORBIDDEN: { number: 111, status: 403, retryable: false, text: "the credentials do not allow this" },
  NOT_FOUND: { number: 112, status: 404, retryable: false, text: "there is nothing here" },
  UNKNOWN_MESSAGE: { number: 113, status: 400, retryable: false, text: "the hub does not know this message" },
  RUN_ENDED: {
    number: 114,
    status: 409,
    retryable: false,
    text: "the run has ended; nothing can follow its terminal event",
  },
  NO_CONTEXT: { number: 115, status: 500, retryable: false, text: "there is no current run here" },
  CLOSED: { number: 116, status: 503, retryable: false, text: "this client was closed" },
  SETTINGS_MISMATCH: {
    number: 117,
    status: 500,
    retryable: false,
    text: "the settings differ from those stored in Redis",
  },
  INTERNAL: { number: 118, status: 500, retryable: true, text: "something unexpected happened in the hub" },
  UNDER_REPLICATED: {
    number: 119,
    status: 503,
    retryable: true,
    text: "the event is logged, but not on enough replicas",
  },
  DRAINING: { number: 4000, status: 503, retryable: true, text: "this gateway is going away; another one takes over" },
  STUCK: { number: 4100, status: 503, retryable: true, text: "the socket did not read what was sent to it" },
  OVERLOADED: { number: 4101, status: 503, retryable: true, text: "this gateway has no room now" },
  STORE_LOST: { number: 4102, status: 503, retryable: true, text: "this gateway cannot reach Redis" },
  TOKEN_EXPIRED: { number: 4300, status: 401, retryable: true, text: "the token has expired" },
  TOKEN_INVALID: { number: 4500, status: 401, retryable: false, text: "the token is not valid" },
  HANDSHAKE_INVALID: {
    number: 4501,
    status: 400,
    retryable: false,
    text: "the handshake does not have the documented form",
  },
  BAD_MESSAGES: {
    number: 4502,
    status: 400,
    retryable: false,
    text: "the client sent too many messages the hub does not know",
  },
  DISCONNECTED: { number: 4503, status: 403, retryable: false, text: "the application disconnected this user" },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** What a client does after a closing. */
export type ClosingPolicy = "reconnect" | "back-off" | "refresh-token" | "stay-away";

/** Tells the policy that a closing's number carries; numbers outside the closing ranges mean `back-off`. */
export function closingPolicy(number: number): ClosingPolicy {
  if (number >= 4500 && number <= 4999) return "stay-away";
  if (number >= 4300 && number <= 4399) return "refresh-token";
  if (number >= 4000 && number <= 4099) return "reconnect";
  return "back-off";
}

/** Shape of every error answer: HTTP bodies, `closing`, callbacks and `connect_error.data`. */
export interface ErrorAnswer {
  code: ErrorCode;
  number: number;
  message: string;
  retryable: boolean;
  afterMs?: number;
}

/** The one error class; `code` is a key of ERRORS. The detail names ids and limits, never payloads. */
export class DoorstepError extends Error {
  readonly code: ErrorCode;
  readonly detail: string | undefined;

  constructor(code: ErrorCode, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? ERRORS[code].text : `${ERRORS[code].text}: ${detail}`, options);
    this.name = "DoorstepError";
    this.code = code;
    this.detail = detail;
  }

  get number(): number {
    return ERRORS[this.code].number;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  /** The answer to send; `afterMs` is how long to wait before trying again. */
  toAnswer(afterMs?: number): ErrorAnswer {
    const { code, number, message, retryable } = this;
    return afterMs === undefined ? { code, number, message, retryable } : { code, number, message, retryable, afterMs };
  }
}

/** Makes a DoorstepError of anything thrown: itself, or INTERNAL with the original as `cause`. */
export function toDoorstepError(thrown: unknown): DoorstepError {
  return thrown instanceof DoorstepError ? thrown : new DoorstepError("INTERNAL", undefined, { cause: thrown });
}

/** Whether `value` is a code of the table. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ERRORS, value);
}
