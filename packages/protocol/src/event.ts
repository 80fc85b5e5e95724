/**
 * The event vocabulary: every type the hub itself knows, its payload and its delivery class (DESIGN section 7).
 *
 * A run starts with `agent_started` and ends with exactly one of TERMINAL (P6). Deltas live inside an open message or
 * tool call and carry `textOffset`, so that applying one twice is harmless and a hole is visible; the `*_completed`
 * event carries the whole value, so deltas may be missing for a late reader. Any other `type` travels too: the
 * transport reads no body.
 */
import type { Json } from "./json.ts";

/** durable: logged, acknowledged, held while the user is away. stream: logged for resume, never held. ephemeral: pushed only. */
export type DeliveryClass = "durable" | "stream" | "ephemeral";

/** What one model call used. */
export interface Usage {
  provider?: string;
  model?: string;
  inputTokens?: number;
  outputTokens?: number;
  totalTokens?: number;
  reasoningTokens?: number;
  cachedInputTokens?: number;
}

/** An error as payload: a stable code, a sentence, whether trying again may help. */
export interface ErrorInfo {
  code: string;
  message: string;
  retryable?: boolean;
  details?: Json;
}

/** A question a run asks a person before it goes on. */
export interface Interrupt {
  id: string;
  reason: "tool_call" | "input_required" | "confirmation" | (string & {});
  message?: string;
  toolCallId?: string;
  responseSchema?: Record<string, unknown>;
  expiresAt?: string;
  metadata?: Record<string, Json>;
}

/** The answer to an Interrupt. */
export interface Resolution {
  interruptId: string;
  status: "resolved" | "cancelled";
  payload?: Json;
  metadata?: Record<string, Json>;
}

/** One operation of a JSON Patch (RFC 6902). */
export interface JsonPatchOp {
  op: "add" | "remove" | "replace" | "move" | "copy" | "test";
  path: string;
  from?: string;
  value?: Json;
}

export type StepStatus = "success" | "error" | "skipped";
export type ToolStatus = "success" | "error" | "denied" | "cancelled" | "unknown";

/** Payload by event type. */
export interface EventMap {
  agent_started: { agentName: string; agentVersion?: string; title?: string; input?: Json };
  agent_thinking: { messageId?: string; text?: string; delta?: string; textOffset?: number; step?: string };
  step_started: { stepId: string; stepName: string; index?: number; total?: number };
  step_completed: { stepId: string; stepName: string; status: StepStatus; durationMs?: number };
  agent_handoff: { fromAgent: string; toAgent: string; reason?: string };
  agent_paused: { interrupts: [Interrupt, ...Interrupt[]] };
  agent_resumed: { resolutions: Resolution[]; by?: { userId?: string; clientId?: string } };
  agent_retrying: { attempt: number; reason: ErrorInfo; discard: { messageIds: string[]; toolCallIds: string[] } };
  agent_completed: { result?: Json; usage?: Usage[]; durationMs?: number };
  agent_failed: { error: ErrorInfo; usage?: Usage[]; durationMs?: number };
  agent_cancelled: {
    by: "user" | "system" | "timeout" | "superseded";
    reason?: string;
    unsettledToolCallIds?: string[];
  };
  tool_call_delta: { toolCallId: string; toolName?: string; delta: string; textOffset: number };
  tool_executing: {
    toolCallId: string;
    toolName: string;
    title?: string;
    input?: Json;
    messageId?: string;
    estimatedDurationMs?: number;
  };
  tool_progress: { toolCallId: string; progress?: number; message?: string; output?: Json };
  tool_completed: {
    toolCallId: string;
    toolName: string;
    status: ToolStatus;
    output?: Json;
    error?: ErrorInfo;
    durationMs?: number;
  };
  message_started: { messageId: string; role: "assistant" | "user" | "system"; parentMessageId?: string };
  message_delta: { messageId: string; delta: string; textOffset: number };
  message_completed: { messageId: string; content: string; finishReason?: string };
  message_discarded: { messageId: string; reason: "retry" | "edited" | "moderated" };
  state_snapshot: { snapshot: Json; version: number };
  state_delta: { patch: JsonPatchOp[]; baseVersion: number; version: number };
  custom: { name: string; id?: string; value: Json };
}

export type EventType = keyof EventMap;

/** The events of which every run gets exactly one, last (P6). */
export const TERMINAL = ["agent_completed", "agent_failed", "agent_cancelled"] as const satisfies readonly EventType[];

/** Default delivery class by type; `satisfies` makes a new type without a class a compile error. */
export const DELIVERY = {
  agent_started: "durable",
  agent_handoff: "durable",
  agent_paused: "durable",
  agent_resumed: "durable",
  agent_retrying: "durable",
  agent_completed: "durable",
  agent_failed: "durable",
  agent_cancelled: "durable",
  step_started: "durable",
  step_completed: "durable",
  tool_executing: "durable",
  tool_completed: "durable",
  message_completed: "durable",
  message_discarded: "durable",
  state_snapshot: "durable",
  custom: "durable",
  agent_thinking: "stream",
  tool_call_delta: "stream",
  message_started: "stream",
  message_delta: "stream",
  state_delta: "stream",
  tool_progress: "ephemeral",
} as const satisfies Record<EventType, DeliveryClass>;

/** Tells the delivery class of a type: the table's, and `durable` for types of the application's own. */
export function deliveryOf(type: string): DeliveryClass {
  return Object.hasOwn(DELIVERY, type) ? DELIVERY[type as EventType] : "durable";
}

/** Whether `type` ends a run. */
export function isTerminal(type: string): boolean {
  return (TERMINAL as readonly string[]).includes(type);
}
