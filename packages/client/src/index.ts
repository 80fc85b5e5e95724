/** Doorstep in the browser: typed events, resume, acks, back-off. Runs in Node as well. */

// Client
export { createDoorstepClient, type DoorstepClient } from "./client.ts";
export type { ClientOptions } from "./option.ts";
export type { BackOff } from "./back-off.ts";
export type { Received } from "./inbox.ts";
export type { Report, Unsubscribe } from "./emitter.ts";

// Connection
export type { ConnectionError, ConnectionState, ConnectionStatus } from "./connection-state.ts";
export type { LifecycleSignal, LifecycleSource } from "./lifecycle.ts";
export type { OffsetStore, OffsetStoreKind } from "./offset-store.ts";

// Runs
export type { RunHandle } from "./run-store.ts";

// Web Push: in the page, and in its service worker
export {
  enableWebPush,
  readWebPush,
  type WebPush,
  type WebPushNotice,
  type WebPushOptions,
  type WebPushRegistration,
} from "./web-push.ts";

// Of the protocol, so that a page needs one import
export type {
  DoorstepEvent,
  Envelope,
  EventMap,
  EventType,
  Gap,
  MessageView,
  Offset,
  RunStatus,
  RunView,
  StepView,
  ToolView,
} from "@doorstep/protocol";
export { isEnded } from "@doorstep/protocol";
