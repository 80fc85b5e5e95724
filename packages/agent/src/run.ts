/**
 * A run: one agent at work for one user in one thread, for good (DESIGN section 7).
 *
 * The function given to `hub.run` gets it. It has no way to name another user or run. The hub emits its first and its
 * terminal event; everything between goes through the methods here, each of which keeps the run well formed: what
 * opens is closed, deltas lie inside an open message, nothing follows the end (RUN_ENDED).
 */
import { randomUUID } from "node:crypto";
import {
  DoorstepError,
  type EncodedEvent,
  type EventMap,
  type EventType,
  type PublishResult,
  type RunId,
  type StepStatus,
  type ThreadId,
  type UserId,
} from "@doorstep/protocol";
import type { EmitOptions } from "./option.ts";
import type { RunChannel } from "./run-channel.ts";
import { RunTools, type ToolCall, type ToolHandle } from "./run-tool.ts";
import { type MessageOptions, TextWriter, type WriterSettings } from "./text-writer.ts";

/** Whose run this is; frozen. */
export interface RunContext {
  readonly userId: UserId;
  readonly threadId: ThreadId;
  readonly runId: RunId;
  readonly parentRunId?: RunId;
  readonly agentName: string;
  readonly attempt: number;
  readonly traceparent?: string;
}

/** Types that only the run's own methods, or the hub, emit: those keep the run well formed. */
const OWN_TYPES = [
  "agent_started",
  "agent_completed",
  "agent_failed",
  "agent_cancelled",
  "step_started",
  "step_completed",
  "tool_executing",
  "tool_completed",
  "message_started",
  "message_delta",
  "message_completed",
  "message_discarded",
] as const satisfies readonly EventType[];

/** Types of the vocabulary that `run.emit` takes. */
export type EmittableType = Exclude<EventType, (typeof OWN_TYPES)[number]>;

interface OpenStep {
  readonly stepName: string;
  readonly startedAtMs: number;
}

export class Run {
  readonly ctx: RunContext;
  /** Aborts when the run is cancelled, times out, cannot publish any more, or its process closes. */
  readonly signal: AbortSignal;
  readonly #channel: RunChannel;
  readonly #settings: WriterSettings;
  readonly #tools: RunTools;
  readonly #steps = new Map<string, OpenStep>();
  readonly #writers = new Set<TextWriter>();
  #stepCount = 0;
  #thoughtCount = 0;

  constructor(ctx: RunContext, signal: AbortSignal, channel: RunChannel, settings: WriterSettings) {
    this.ctx = ctx;
    this.signal = signal;
    this.#channel = channel;
    this.#settings = settings;
    this.#tools = new RunTools(channel, signal);
  }

  /** Tells what the agent thinks now, as a whole sentence or paragraph. */
  thinking(text: string, options: { step?: string } = {}): void {
    const messageId = `t${++this.#thoughtCount}`;
    void this.#channel.emit("agent_thinking", {
      messageId,
      text,
      step: options.step,
      delta: undefined,
      textOffset: undefined,
    });
  }

  /** Runs `fn` as a step with a name; answers what it returns, throws what it throws. */
  async step<T>(stepName: string, fn: () => Promise<T> | T): Promise<T> {
    while (this.#channel.isFull) await this.#channel.roomAgain();
    const index = this.#stepCount++;
    const stepId = `s${index + 1}`;
    void this.#channel.emit("step_started", { stepId, stepName, index, total: undefined });
    this.#steps.set(stepId, { stepName, startedAtMs: performance.now() });
    try {
      const value = await fn();
      this.#closeStep(stepId, "success");
      return value;
    } catch (error) {
      this.#closeStep(stepId, "error");
      throw error;
    }
  }

  /**
   * Runs `fn` as a tool call; answers what it returns, throws what it throws. Throws TOO_LARGE or INVALID_EVENT before
   * it runs where the input cannot travel; an output that cannot is replaced by `{omitted: true, reason}`.
   */
  tool<T>(call: ToolCall, fn: (handle: ToolHandle) => Promise<T> | T): Promise<T> {
    return this.#tools.call(call, fn);
  }

  /** Opens a message of the assistant; the end of the run closes it where `end()` did not. */
  message(options: MessageOptions = {}): TextWriter {
    const { messageId = randomUUID(), parentMessageId } = options;
    const writer = new TextWriter(this.#channel, this.#settings, messageId, parentMessageId);
    for (const known of this.#writers) if (!known.isOpen) this.#writers.delete(known);
    this.#writers.add(writer);
    return writer;
  }

  /** Tells how far a tool is; pushed only, never logged. */
  progress(progress: EventMap["tool_progress"]): void {
    void this.#channel.emit("tool_progress", { ...progress });
  }

  /**
   * Emits an event of the vocabulary or of the application's own; settles once it is logged, in order with everything
   * emitted before. Rejects with INVALID_EVENT for types that have a method of their own.
   */
  emit<K extends EmittableType>(type: K, data: EventMap[K], options?: EmitOptions): Promise<PublishResult>;
  emit(type: string & {}, data: unknown, options?: EmitOptions): Promise<PublishResult>;
  async emit(type: string, data: unknown, options: EmitOptions = {}): Promise<PublishResult> {
    if ((OWN_TYPES as readonly string[]).includes(type)) {
      throw new DoorstepError("INVALID_EVENT", `${type} is emitted by the run's own methods and its end`);
    }
    this.#channel.assertOpen();
    const event = this.#channel.encodeCustom(type, data, options);
    while (this.#channel.isFull) await this.#channel.roomAgain();
    return this.#channel.send(event);
  }

  /** Waits until everything emitted so far is logged; throws what failed for good. */
  flush(): Promise<void> {
    return this.#channel.flush();
  }

  /** Closes what is open. Called by the hub at the end, never by agents. @internal */
  closeOpen(finishReason: string): { events: EncodedEvent[]; unsettledToolCallIds: string[] } {
    const tools = this.#tools.closeAll();
    const messages = [...this.#writers]
      .filter((writer) => writer.isOpen)
      .map((writer) => writer.complete(finishReason));
    const steps = [...this.#steps].map(([stepId, step]) =>
      this.#channel.encode("step_completed", completedStep(stepId, step, "error")),
    );
    this.#steps.clear();
    return { events: [...tools.events, ...messages, ...steps], unsettledToolCallIds: tools.toolCallIds };
  }

  #closeStep(stepId: string, status: StepStatus): void {
    const step = this.#steps.get(stepId);
    // The end of the run has closed it before.
    if (step === undefined) return;
    this.#steps.delete(stepId);
    void this.#channel.emit("step_completed", completedStep(stepId, step, status));
  }
}

function completedStep(stepId: string, { stepName, startedAtMs }: OpenStep, status: StepStatus) {
  return { stepId, stepName, status, durationMs: Math.round(performance.now() - startedAtMs) };
}
