/** RunView: one run folded for rendering. Made only by `reduceRun`, in the browser and on the hub alike. */
import type { ErrorInfo, Interrupt, StepStatus, ToolStatus, Usage } from "./event.ts";
import type { Json, RunId, ThreadId } from "./json.ts";

export type RunStatus = "pending" | "running" | "paused" | "cancelling" | "completed" | "failed" | "cancelled";

export interface StepView {
  stepId: string;
  stepName: string;
  status: "running" | StepStatus;
  durationMs?: number;
}

export interface MessageView {
  messageId: string;
  role: string;
  text: string;
  done: boolean;
}

export interface ToolView {
  toolCallId: string;
  toolName: string;
  status: "streaming" | "executing" | ToolStatus;
  title?: string;
  inputText?: string;
  input?: Json;
  output?: Json;
  progress?: number;
  progressMessage?: string;
  error?: ErrorInfo;
  durationMs?: number;
}

export interface RunView {
  readonly runId: RunId;
  readonly threadId?: ThreadId;
  readonly parentRunId?: RunId;
  readonly agentName?: string;
  readonly title?: string;
  readonly status: RunStatus;
  readonly attempt: number;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly steps: readonly StepView[];
  readonly messages: readonly MessageView[];
  readonly reasoning: readonly MessageView[];
  readonly tools: readonly ToolView[];
  readonly interrupts: readonly Interrupt[];
  readonly state?: Json;
  readonly stateVersion?: number;
  readonly result?: Json;
  readonly error?: ErrorInfo;
  readonly usage?: readonly Usage[];
}

/** The view of a run of which nothing has arrived yet. */
export function emptyRunView(runId: RunId): RunView {
  return {
    runId,
    status: "pending",
    attempt: 1,
    steps: [],
    messages: [],
    reasoning: [],
    tools: [],
    interrupts: [],
  };
}

/** Whether the run has had its terminal event. */
export function isEnded(view: RunView): boolean {
  return view.status === "completed" || view.status === "failed" || view.status === "cancelled";
}
