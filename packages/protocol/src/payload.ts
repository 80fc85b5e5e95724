/**
 * What a payload must be for reduceRun to use it: required fields, and the optional ones that pages show as text.
 *
 * The transport reads no payload, so a publisher may send anything under a known type; an event that fails here changes
 * no view. Terminal events require nothing: whatever they carry, the run is over (P6).
 */
import type { EventMap, EventType } from "./event.ts";
import { isRecord } from "./json.ts";

type Predicate = (value: unknown) => boolean;
/** A predicate for every required field; one for an optional field where it matters. */
type Shape<T> = { [K in keyof T]: Predicate };

const isText: Predicate = (value) => typeof value === "string";
const isNumber: Predicate = (value) => typeof value === "number";
const isAnything: Predicate = (value) => value !== undefined;
const isOptional =
  (isGiven: Predicate): Predicate =>
  (value) =>
    value === undefined || isGiven(value);
const isListOf =
  (isItem: Predicate): Predicate =>
  (value) =>
    Array.isArray(value) && value.every(isItem);

const SHAPES: { [K in EventType]: Shape<EventMap[K]> } = {
  agent_started: { agentName: isText, title: isOptional(isText) },
  agent_thinking: {
    messageId: isOptional(isText),
    step: isOptional(isText),
    text: isOptional(isText),
    delta: isOptional(isText),
    textOffset: isOptional(isNumber),
  },
  step_started: { stepId: isText, stepName: isText },
  step_completed: { stepId: isText, stepName: isText, status: isText, durationMs: isOptional(isNumber) },
  agent_handoff: { fromAgent: isText, toAgent: isText },
  agent_paused: { interrupts: isListOf(isRecord) },
  agent_resumed: { resolutions: isListOf(isRecord) },
  agent_retrying: {
    attempt: isNumber,
    reason: isAnything,
    discard: (value) =>
      isRecord(value) && isListOf(isText)(value["messageIds"]) && isListOf(isText)(value["toolCallIds"]),
  },
  agent_completed: {},
  agent_failed: { error: () => true },
  agent_cancelled: { by: () => true },
  tool_call_delta: { toolCallId: isText, toolName: isOptional(isText), delta: isText, textOffset: isNumber },
  tool_executing: { toolCallId: isText, toolName: isText, title: isOptional(isText) },
  tool_progress: { toolCallId: isText, progress: isOptional(isNumber), message: isOptional(isText) },
  tool_completed: { toolCallId: isText, toolName: isText, status: isText, durationMs: isOptional(isNumber) },
  message_started: { messageId: isText, role: isText },
  message_delta: { messageId: isText, delta: isText, textOffset: isNumber },
  message_completed: { messageId: isText, content: isText },
  message_discarded: { messageId: isText, reason: isAnything },
  state_snapshot: { snapshot: isAnything, version: isNumber },
  state_delta: { patch: isListOf(isRecord), baseVersion: isNumber, version: isNumber },
  custom: { name: isAnything, value: isAnything },
};

/** Whether `data` is a payload of `type`, as far as views depend on it. */
export function hasPayload(type: EventType, data: Record<string, unknown>): boolean {
  return Object.entries(SHAPES[type]).every(([field, isValid]: [string, Predicate]) => isValid(data[field]));
}
