/**
 * Logs: one JSON line each on stdout, through pino.
 *
 * Ids (user, run, event, socket, job) may be logged; payloads and credentials never. Two nets catch what slips:
 * fields with the name of a credential are redacted at the top and up to two levels down, and errors are reduced to
 * type, message, code, stack and cause, because client libraries hang commands and their arguments on theirs
 * (ioredis: `error.command.args`). Passwords of URLs in messages are masked.
 */

import { pino, stdTimeFunctions } from "pino";
import type { DestinationStream, Logger } from "pino";

import { MASK, maskUrls } from "./mask.ts";

export type { Logger };

/** The levels of DOORSTEP_LOG_LEVEL, most to least severe; `silent` logs nothing. */
export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const CREDENTIALS = ["token", "authorization", "auth", "cookie", "secret", "password", "apiKey", "redisUrl"];

/** Chains of causes longer than this are cut: they may be circular. */
const MAX_CAUSES = 5;

export interface LoggerOptions {
  /** The program or part that speaks; the field `name` of each line. */
  readonly name: string;
  readonly level: LogLevel;
  /** Where lines go. @default stdout, written at once so that nothing is lost at exit */
  readonly destination?: DestinationStream;
}

/** Creates a logger. */
export function createLogger({ name, level, destination }: LoggerOptions): Logger {
  return pino(
    {
      name,
      level,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: CREDENTIALS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: MASK },
      serializers: { err: (thrown: unknown) => describeThrown(thrown) },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
}

/** What a log line tells of something thrown. */
export interface LoggedError {
  type: string;
  message: string;
  code?: string | number;
  stack?: string;
  cause?: LoggedError;
  /** The parts of an AggregateError, such as one per address that refused a connection. */
  errors?: LoggedError[];
}

/** Reduces anything thrown to what may be logged. */
export function describeThrown(thrown: unknown, depth = 0): LoggedError {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: maskUrls(String(thrown)) };
  const described: LoggedError = { type: thrown.name, message: maskUrls(thrown.message) };
  if ("code" in thrown && (typeof thrown.code === "string" || typeof thrown.code === "number")) {
    described.code = thrown.code;
  }
  if (thrown.stack !== undefined) described.stack = maskUrls(thrown.stack);
  if (depth === MAX_CAUSES) return described;
  if (thrown.cause !== undefined) described.cause = describeThrown(thrown.cause, depth + 1);
  if (thrown instanceof AggregateError) {
    described.errors = thrown.errors.map((part: unknown) => describeThrown(part, depth + 1));
  }
  return described;
}
