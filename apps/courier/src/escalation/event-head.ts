/** What an escalation has to know about an event: a few fields of the JSON text that was logged. */
import type { ParcelEvent } from "@doorstep/mailbox";
import { ID_PATTERN, isRecord, TYPE_PATTERN } from "@doorstep/protocol";

/** The fields that rules and notifications look at. */
export interface EventHead {
  readonly type: string;
  readonly runId?: string;
  readonly threadId?: string;
}

/**
 * Reads an event's head; undefined where the text is no envelope. Whoever may write to Redis may have logged anything, and
 * one such event must not keep the others of its parcel from being told.
 */
export function readHead({ body }: ParcelEvent): EventHead | undefined {
  const envelope = tryParse(body);
  if (!isRecord(envelope)) return undefined;
  const { type, runId, threadId } = envelope;
  if (typeof type !== "string" || !TYPE_PATTERN.test(type)) return undefined;
  return { type, ...(isId(runId) && { runId }), ...(isId(threadId) && { threadId }) };
}

function isId(value: unknown): value is string {
  return typeof value === "string" && ID_PATTERN.test(value);
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
