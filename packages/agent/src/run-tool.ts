/**
 * Tool calls of one run: every `tool_executing` is closed by exactly one `tool_completed`, whatever its status.
 *
 *   fn returns                      success    output as given, or {omitted, reason} where it cannot travel
 *   fn throws                       error      the error's code and message
 *   fn throws after the abort       cancelled
 *   the run ends while fn goes on   unknown    nobody can say what the tool has done
 */
import { randomUUID } from "node:crypto";
import {
  DoorstepError,
  type EncodedEvent,
  type EventMap,
  type Json,
  toDoorstepError,
  type ToolStatus,
} from "@doorstep/protocol";
import { toErrorInfo } from "./error-info.ts";
import type { Payload, RunChannel } from "./run-channel.ts";

/** One call of a tool. */
export interface ToolCall {
  /** The model's id of the call, where there is one. @default a new UUID */
  toolCallId?: string;
  toolName: string;
  title?: string;
  input?: Json;
  estimatedDurationMs?: number;
}

/** Progress of a tool; pushed only, so a user who is away never sees it. */
export type ToolProgress = Omit<EventMap["tool_progress"], "toolCallId">;

/** What the function of a tool gets. */
export interface ToolHandle {
  readonly toolCallId: string;
  /** Aborts with the run; pass it on. */
  readonly signal: AbortSignal;
  readonly progress: (progress: ToolProgress) => void;
}

interface OpenTool {
  readonly toolName: string;
  readonly startedAtMs: number;
}

export class RunTools {
  readonly #channel: RunChannel;
  readonly #signal: AbortSignal;
  readonly #open = new Map<string, OpenTool>();

  constructor(channel: RunChannel, signal: AbortSignal) {
    this.#channel = channel;
    this.#signal = signal;
  }

  /** Runs `fn` as a tool call; answers what it returns, throws what it throws. */
  async call<T>(call: ToolCall, fn: (handle: ToolHandle) => Promise<T> | T): Promise<T> {
    const { toolCallId = randomUUID(), toolName, title, input, estimatedDurationMs } = call;
    if (this.#open.has(toolCallId)) throw new DoorstepError("INVALID_EVENT", `tool call ${toolCallId} is open already`);
    while (this.#channel.isFull) await this.#channel.roomAgain();
    void this.#channel.emit("tool_executing", { toolCallId, toolName, title, input, estimatedDurationMs });
    this.#open.set(toolCallId, { toolName, startedAtMs: performance.now() });
    try {
      const output = await fn(this.#handleOf(toolCallId));
      this.#succeed(toolCallId, output);
      return output;
    } catch (error) {
      this.#close(toolCallId, this.#signal.aborted ? "cancelled" : "error", { error: toErrorInfo(error) });
      throw error;
    }
  }

  /** Closes what is still open; answers the events and the ids. */
  closeAll(): { events: EncodedEvent[]; toolCallIds: string[] } {
    const toolCallIds = [...this.#open.keys()];
    const events = toolCallIds
      .map((toolCallId) => this.#take(toolCallId, "unknown", {}))
      .filter((data) => data !== undefined)
      .map((data) => this.#channel.encode("tool_completed", data));
    return { events, toolCallIds };
  }

  #handleOf(toolCallId: string): ToolHandle {
    return Object.freeze({
      toolCallId,
      signal: this.#signal,
      progress: (progress: ToolProgress) => {
        void this.#channel.emit("tool_progress", { ...progress, toolCallId });
      },
    });
  }

  #succeed(toolCallId: string, output: unknown): void {
    const data = this.#take(toolCallId, "success", output === undefined ? {} : { output: output as Json });
    if (data === undefined) return;
    let event: EncodedEvent;
    try {
      event = this.#channel.encode("tool_completed", data);
    } catch (thrown) {
      // The tool did its work: the caller gets the output, the user is told why it cannot be shown.
      const omitted = { omitted: true, reason: toDoorstepError(thrown).code };
      event = this.#channel.encode("tool_completed", { ...data, output: omitted });
    }
    void this.#channel.send(event);
  }

  #close(toolCallId: string, status: ToolStatus, rest: Partial<EventMap["tool_completed"]>): void {
    const data = this.#take(toolCallId, status, rest);
    if (data !== undefined) void this.#channel.emit("tool_completed", data);
  }

  /** Takes a call off the list of open ones; undefined where the run's end has closed it before. */
  #take(
    toolCallId: string,
    status: ToolStatus,
    rest: Partial<EventMap["tool_completed"]>,
  ): Payload<"tool_completed"> | undefined {
    const tool = this.#open.get(toolCallId);
    if (tool === undefined) return undefined;
    this.#open.delete(toolCallId);
    const durationMs = Math.round(performance.now() - tool.startedAtMs);
    return { error: undefined, output: undefined, ...rest, toolCallId, toolName: tool.toolName, status, durationMs };
  }
}
