/**
 * What an answer means for a delivery.
 *
 *   2xx                          delivered
 *   410                          gone
 *   408, 425, 429, 5xx, failed   retry, not before the time of Retry-After where the answer has one
 *   3xx, other 4xx, refused      refused
 */
import type { Answer } from "./request.ts";
import type { Outcome } from "./sink.ts";

const RETRYABLE: ReadonlySet<number> = new Set([408, 425, 429]);
/** An endpoint may ask for this much and no more: events expire meanwhile. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** Tells the outcome of an answer; `nowMs` is what an HTTP date in Retry-After is compared with. */
export function outcomeOf(answer: Answer, nowMs: number): Outcome {
  if (answer.kind === "refused") return { kind: "refused", reason: answer.reason };
  if (answer.kind === "failed") return retry(answer.reason, answer.afterMs);
  const { status, retryAfter } = answer;
  if (status >= 200 && status <= 299) return { kind: "delivered" };
  if (status === 410) return { kind: "gone" };
  if (isRetryable(status)) return retry(`status ${status}`, retryAfterMs(retryAfter, nowMs));
  return { kind: "refused", reason: `status ${status}` };
}

/** Whether an answer says something about the endpoint's health: that is what a circuit counts. */
export function isFailure(answer: Answer): boolean {
  return answer.kind === "failed" || (answer.kind === "answered" && isRetryable(answer.status));
}

function isRetryable(status: number): boolean {
  return RETRYABLE.has(status) || (status >= 500 && status <= 599);
}

function retry(reason: string, afterMs: number | undefined): Outcome {
  return afterMs === undefined ? { kind: "retry", reason } : { kind: "retry", reason, afterMs };
}

/** Reads Retry-After, seconds or a date; undefined for anything else. */
function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS);
}
