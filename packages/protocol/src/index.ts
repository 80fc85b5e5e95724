/** Doorstep on the wire; runs in browsers, gateways, couriers and agents, and imports nothing. */

export type { Brand, EventId, Json, RunId, ThreadId, UserId } from "./json.ts";
export { isRecord } from "./json.ts";

// Events
export type {
  DeliveryClass,
  ErrorInfo,
  EventMap,
  EventType,
  Interrupt,
  JsonPatchOp,
  Resolution,
  StepStatus,
  ToolStatus,
  Usage,
} from "./event.ts";
export { DELIVERY, deliveryOf, isTerminal, TERMINAL } from "./event.ts";
export type {
  DoorstepEvent,
  Durability,
  EncodedEvent,
  Envelope,
  EnvelopeFields,
  EventInput,
  PublishResult,
  Target,
} from "./envelope.ts";
export { encodeEvent, utf8Length } from "./envelope.ts";
export { ID_PATTERN, LIMITS, TYPE_PATTERN } from "./limit.ts";

// Offsets
export type { Offset } from "./offset.ts";
export {
  compareOffsets,
  FROM_NOW,
  isOffset,
  maxOffset,
  minOffset,
  offsetTimeMs,
  parseOffset,
  ZERO_OFFSET,
} from "./offset.ts";

// Errors
export type { ClosingPolicy, ErrorAnswer, ErrorCode, ErrorRow } from "./error.ts";
export { closingPolicy, DoorstepError, ERRORS, isErrorCode, toDoorstepError } from "./error.ts";

// Socket messages
export type {
  Ack,
  AckMode,
  ClientToServerEvents,
  CommandMessage,
  CommandReceipt,
  Degraded,
  Drain,
  Expiring,
  Gap,
  GapReason,
  Handshake,
  Ready,
  Refresh,
  RefreshAnswer,
  ServerToClientEvents,
  WebPushAnswer,
  WebPushChange,
  WebPushSubscription,
} from "./wire.ts";
export { GAP_REASONS } from "./wire.ts";
export {
  decodeAck,
  decodeCommand,
  decodeDrain,
  decodeEnvelope,
  decodeErrorAnswer,
  decodeEvents,
  decodeGap,
  decodeHandshake,
  decodeReady,
  decodeRefresh,
  decodeWebPushChange,
} from "./decode.ts";

// Runs
export type { MessageView, RunStatus, RunView, StepView, ToolView } from "./run-view.ts";
export { emptyRunView, isEnded } from "./run-view.ts";
export { reduceRun } from "./reduce-run.ts";
