/** Errors as payload: what a user may see of something that was thrown. */
import { DoorstepError, type ErrorInfo, isRecord } from "@doorstep/protocol";

/** Longest message that travels; stacks never do. */
const MAX_MESSAGE_LENGTH = 1_000;

/** Makes the payload of anything thrown: its `code` where that is text, else AGENT_ERROR, and its message. */
export function toErrorInfo(thrown: unknown): ErrorInfo {
  const message = messageOf(thrown).slice(0, MAX_MESSAGE_LENGTH);
  if (thrown instanceof DoorstepError) return { code: thrown.code, message, retryable: thrown.retryable };
  const code = isRecord(thrown) ? thrown["code"] : undefined;
  return { code: typeof code === "string" ? code : "AGENT_ERROR", message };
}

/** The message of an error (by its shape: errors of other realms are errors too), or what was thrown as text. */
export function messageOf(thrown: unknown): string {
  return isRecord(thrown) && typeof thrown["message"] === "string" ? thrown["message"] : String(thrown);
}
