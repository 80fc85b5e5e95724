/**
 * reduceRun: folds the events of one run into its RunView. Pure; returns `prev` itself where nothing changes, so that a
 * renderer may compare by identity.
 *
 * It never throws on a strange history: a payload of the wrong shape changes nothing (payload.ts). Deltas carry `textOffset`: one that was applied already is ignored, one behind
 * a hole is ignored too, since the `*_completed` event brings the whole text. After the terminal event nothing changes
 * any more (P6); what was open then is closed as `unknown`.
 */
import type { Envelope } from "./envelope.ts";
import { type EventMap, type EventType, isTerminal } from "./event.ts";
import { isRecord } from "./json.ts";
import { applyPatch } from "./json-patch.ts";
import { hasPayload } from "./payload.ts";
import { emptyRunView, isEnded, type MessageView, type RunView, type ToolView } from "./run-view.ts";

type Reducers = { [K in EventType]: (view: RunView, data: EventMap[K], event: Envelope) => RunView };

/** Folds one event; `prev` is undefined before the first. Events without a known type change nothing. */
export function reduceRun(prev: RunView | undefined, event: Envelope): RunView {
  const view = prev ?? emptyRunView(event.runId ?? "");
  if (isEnded(view) || !Object.hasOwn(REDUCERS, event.type)) return view;
  const data = isRecord(event.data) ? event.data : {};
  if (!hasPayload(event.type as EventType, data)) return view;
  // The discriminated union is erased here: the table is total over EventType, and each row takes its own payload.
  const reduce = REDUCERS[event.type as EventType] as (view: RunView, data: unknown, event: Envelope) => RunView;
  const next = reduce(view, data, event);
  return isTerminal(event.type) ? closeOpen(next, event.time) : next;
}

const REDUCERS: Reducers = {
  agent_started: (view, data, event) => ({
    ...view,
    status: "running",
    agentName: data.agentName,
    attempt: event.attempt ?? view.attempt,
    ...defined({ threadId: event.threadId, parentRunId: event.parentRunId, startedAt: event.time, title: data.title }),
  }),
  agent_thinking: (view, data) => {
    const id = data.messageId ?? data.step ?? "thinking";
    if (data.delta !== undefined) {
      const known = view.reasoning.find((item) => item.messageId === id);
      const textOffset = data.textOffset ?? known?.text.length ?? 0;
      const reasoning = appendText(view.reasoning, id, data.delta, textOffset);
      return reasoning === view.reasoning ? view : { ...view, reasoning };
    }
    if (data.text === undefined) return view;
    return {
      ...view,
      reasoning: upsertMessage(view.reasoning, { messageId: id, role: "assistant", text: data.text, done: true }),
    };
  },
  step_started: (view, data) => ({
    ...view,
    steps: upsert(view.steps, "stepId", { stepId: data.stepId, stepName: data.stepName, status: "running" as const }),
  }),
  step_completed: (view, data) => ({
    ...view,
    steps: upsert(view.steps, "stepId", {
      stepId: data.stepId,
      stepName: data.stepName,
      status: data.status,
      ...defined({ durationMs: data.durationMs }),
    }),
  }),
  agent_handoff: (view, data) => ({ ...view, agentName: data.toAgent }),
  agent_paused: (view, data) => ({ ...view, status: "paused", interrupts: data.interrupts }),
  agent_resumed: (view, data) => {
    const answered = new Set(data.resolutions.map((resolution) => resolution.interruptId));
    const interrupts = view.interrupts.filter((interrupt) => !answered.has(interrupt.id));
    return { ...view, status: interrupts.length === 0 ? "running" : "paused", interrupts };
  },
  agent_retrying: (view, data) => ({
    ...view,
    status: "running",
    attempt: data.attempt,
    messages: view.messages.filter((message) => !data.discard.messageIds.includes(message.messageId)),
    tools: view.tools.filter((tool) => !data.discard.toolCallIds.includes(tool.toolCallId)),
  }),
  agent_completed: (view, data) => ({
    ...view,
    status: "completed",
    ...defined({ result: data.result, usage: data.usage }),
  }),
  agent_failed: (view, data) => ({ ...view, status: "failed", ...defined({ error: data.error, usage: data.usage }) }),
  agent_cancelled: (view) => ({ ...view, status: "cancelled" }),
  tool_call_delta: (view, data) => {
    const known = view.tools.find((tool) => tool.toolCallId === data.toolCallId);
    const inputText = known?.inputText ?? "";
    if ((known !== undefined && known.status !== "streaming") || data.textOffset !== inputText.length) return view;
    const toolName = data.toolName ?? known?.toolName ?? "";
    return {
      ...view,
      tools: mergeTool(view.tools, {
        toolCallId: data.toolCallId,
        toolName,
        status: "streaming",
        inputText: inputText + data.delta,
      }),
    };
  },
  tool_executing: (view, data) => ({
    ...view,
    tools: mergeTool(view.tools, {
      toolCallId: data.toolCallId,
      toolName: data.toolName,
      status: "executing",
      ...defined({ title: data.title, input: data.input }),
    }),
  }),
  tool_progress: (view, data) => {
    const known = view.tools.find((tool) => tool.toolCallId === data.toolCallId);
    if (known?.status !== "executing") return view;
    return {
      ...view,
      tools: mergeTool(view.tools, {
        ...known,
        ...defined({ progress: data.progress, progressMessage: data.message, output: data.output }),
      }),
    };
  },
  tool_completed: (view, data) => ({
    ...view,
    tools: mergeTool(view.tools, {
      toolCallId: data.toolCallId,
      toolName: data.toolName,
      status: data.status,
      ...defined({ output: data.output, error: data.error, durationMs: data.durationMs }),
    }),
  }),
  message_started: (view, data) =>
    view.messages.some((message) => message.messageId === data.messageId)
      ? view
      : {
          ...view,
          messages: [...view.messages, { messageId: data.messageId, role: data.role, text: "", done: false }],
        },
  message_delta: (view, data) => {
    const messages = appendText(view.messages, data.messageId, data.delta, data.textOffset);
    return messages === view.messages ? view : { ...view, messages };
  },
  message_completed: (view, data) => {
    const role = view.messages.find((message) => message.messageId === data.messageId)?.role ?? "assistant";
    return {
      ...view,
      messages: upsertMessage(view.messages, { messageId: data.messageId, role, text: data.content, done: true }),
    };
  },
  message_discarded: (view, data) => ({
    ...view,
    messages: view.messages.filter((message) => message.messageId !== data.messageId),
  }),
  state_snapshot: (view, data) => ({ ...view, state: data.snapshot, stateVersion: data.version }),
  state_delta: (view, data) => {
    if (data.baseVersion !== (view.stateVersion ?? 0)) return view;
    const state = applyPatch(view.state ?? null, data.patch);
    return state === undefined ? view : { ...view, state, stateVersion: data.version };
  },
  custom: (view) => view,
};

function closeOpen(view: RunView, endedAt: string): RunView {
  return {
    ...view,
    endedAt,
    interrupts: [],
    messages: view.messages.map((message) => (message.done ? message : { ...message, done: true })),
    reasoning: view.reasoning.map((message) => (message.done ? message : { ...message, done: true })),
    tools: view.tools.map((tool) =>
      tool.status === "executing" || tool.status === "streaming" ? { ...tool, status: "unknown" as const } : tool,
    ),
  };
}

/** Appends at `textOffset`; a repeated or a too late delta leaves the list as it is. */
function appendText(
  list: readonly MessageView[],
  messageId: string,
  delta: string,
  textOffset: number,
): readonly MessageView[] {
  const known = list.find((message) => message.messageId === messageId) ?? {
    messageId,
    role: "assistant",
    text: "",
    done: false,
  };
  if (known.done || textOffset !== known.text.length) return list;
  return upsertMessage(list, { ...known, text: known.text + delta });
}

function upsertMessage(list: readonly MessageView[], message: MessageView): readonly MessageView[] {
  return upsert(list, "messageId", message);
}

function mergeTool(list: readonly ToolView[], tool: ToolView): readonly ToolView[] {
  const known = list.find((item) => item.toolCallId === tool.toolCallId);
  return upsert(list, "toolCallId", { ...known, ...tool });
}

function upsert<T, K extends keyof T>(list: readonly T[], key: K, item: T): readonly T[] {
  const index = list.findIndex((known) => known[key] === item[key]);
  return index === -1 ? [...list, item] : list.with(index, item);
}

/** Leaves out what is undefined, as exactOptionalPropertyTypes wants. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
