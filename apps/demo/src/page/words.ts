/** What the page says about events, tools and connections. */
import type { ConnectionStatus, RunView, ToolView } from "@doorstep/client";
import { type Envelope, isRecord } from "@doorstep/protocol";

export type Tone = "good" | "busy" | "bad" | "quiet";

export const CONNECTION_WORDS: Readonly<Record<ConnectionStatus, { word: string; tone: Tone }>> = {
  idle: { word: "not connected", tone: "quiet" },
  connecting: { word: "connecting", tone: "busy" },
  catching_up: { word: "catching up", tone: "busy" },
  live: { word: "live", tone: "good" },
  reconnecting: { word: "reconnecting", tone: "busy" },
  offline: { word: "no network", tone: "bad" },
  unauthorized: { word: "not let in", tone: "bad" },
  closed: { word: "closed", tone: "bad" },
};

export const RUN_TONES: Readonly<Record<RunView["status"], Tone>> = {
  pending: "busy",
  running: "busy",
  paused: "quiet",
  cancelling: "busy",
  completed: "good",
  failed: "bad",
  cancelled: "quiet",
};

/** A duration for people: 7 ms, 1.2 s. */
export function durationText(ms: number | undefined): string {
  if (ms === undefined) return "";
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** What a tool was asked, in short. */
export function inputText({ input }: ToolView): string {
  if (!isRecord(input)) return "";
  if (typeof input["path"] === "string") return `${input["path"]}:${textOf(input["line"])}`;
  const list = (name: string): string[] => (Array.isArray(input[name]) ? input[name].map(textOf) : []);
  return [...list("phrases").map((phrase) => `“${phrase}”`), ...list("words"), ...list("globs")].join(", ");
}

/** What a tool answered, in short. */
export function outputText({ output, error, status }: ToolView): string {
  if (error !== undefined) return error.message;
  if (status === "executing" || output === undefined) return "";
  if (Array.isArray(output)) {
    const [best] = output;
    const path = isRecord(best) ? ` · ${textOf(best["path"])}` : "";
    return `${output.length} found${path}`;
  }
  if (!isRecord(output)) return "";
  if (typeof output["matches"] === "number") return `${output["matches"]} in ${textOf(output["files"])} files`;
  return typeof output["from"] === "number" ? `lines ${output["from"]}–${textOf(output["to"])}` : "";
}

/** An event in one line, for the list of what waited. */
export function eventText({ type, data }: Envelope): string {
  const payload = isRecord(data) ? data : {};
  const text = (name: string): string => (typeof payload[name] === "string" ? payload[name] : "");
  const words: Readonly<Record<string, string>> = {
    agent_started: `the agent took the question: ${text("title")}`,
    agent_thinking: text("text"),
    step_started: `step: ${text("stepName")}`,
    step_completed: `step done: ${text("stepName")}`,
    tool_executing: `tool ${text("toolName")} ${text("title")}`,
    tool_completed: `tool ${text("toolName")}: ${text("status")}`,
    message_started: "an answer begins",
    message_delta: `text: ${text("delta").slice(0, 60)}`,
    message_completed: `the whole answer, ${text("content").length.toLocaleString("en")} characters`,
    agent_completed: "the agent is done",
    agent_failed: "the agent failed",
    agent_cancelled: "the run was cancelled",
  };
  return words[type] ?? "";
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
