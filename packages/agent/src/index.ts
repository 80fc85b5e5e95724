/** Doorstep for agent processes: publish events to users, run agents for them. */

export type { Hub, PublishItem, PublishItemResult } from "./hub.ts";
export { createHub } from "./hub.ts";
export type {
  AppendTerms,
  BufferOptions,
  CoalesceOptions,
  EmitOptions,
  HubOptions,
  PublishOptions,
  RunInit,
} from "./option.ts";
export { DEFAULTS } from "./option.ts";
export type { WatchOptions } from "./receipt-watch.ts";
export { watchReceipt } from "./receipt-watch.ts";
export type { Connection, EventState, MailboxState, Receipt } from "@doorstep/store";

// Runs
export { currentRun } from "./context.ts";
export type { EmittableType, Run, RunContext } from "./run.ts";
export type { ToolCall, ToolHandle, ToolProgress } from "./run-tool.ts";
export type { MessageOptions, TextWriter } from "./text-writer.ts";
