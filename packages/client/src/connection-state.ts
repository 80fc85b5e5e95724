/**
 * The connection's state machine: which status follows which input. Pure; connection.ts does the I/O and feeds it.
 *
 *   idle --connect--> connecting --opened--> catching_up --ready--> live
 *                          \                     |                   |
 *                           +-------lost---------+--------lost-------+--> reconnecting --opened--> catching_up
 *
 * `offline` is `reconnecting` while the browser says there is no network: tries go on, since that word is not always
 * true. `unauthorized` says the token function failed or its token was refused. `closed` is the end: by close(), or
 * because the hub said to stay away; only connect() leaves it, and after close() the client refuses that.
 */
import type { ErrorCode, Offset } from "@doorstep/protocol";

/** Every status of a connection. */
export const STATUSES = [
  "idle",
  "connecting",
  "catching_up",
  "live",
  "reconnecting",
  "offline",
  "unauthorized",
  "closed",
] as const;
export type ConnectionStatus = (typeof STATUSES)[number];

/** Everything that can happen to a connection. */
export const INPUTS = [
  "connect",
  "disconnect",
  "close",
  "opened",
  "ready",
  "lost",
  "refused",
  "expelled",
  "networkDown",
  "networkUp",
] as const;
export type ConnectionInput = (typeof INPUTS)[number];

/** Why a connection ended: a code of the hub's table, or one of the client's own two. */
export interface ConnectionError {
  code: ErrorCode | "CONNECTION_LOST" | "TOKEN_FAILED";
  message: string;
}

/** What an application sees of its connection; a new object at every change. */
export interface ConnectionState {
  readonly status: ConnectionStatus;
  /** Since when the status holds, in milliseconds since 1970. */
  readonly since: number;
  /** Tries since the connection was last live; 0 while it is. */
  readonly attempt: number;
  /** The last offset delivered here. Absent: none yet. */
  readonly offset?: Offset;
  /** Id of the gateway that holds the socket. Absent: not live. */
  readonly gateway?: string;
  /** How many events the last catch-up brought. */
  readonly replayed: number;
  /** Why the last connection or try ended. Absent: live since, or never failed. */
  readonly lastError?: ConnectionError;
}

type Row = Readonly<Record<ConnectionInput, ConnectionStatus>>;

const TRANSITIONS: Readonly<Record<ConnectionStatus, Row>> = {
  idle: {
    connect: "connecting",
    disconnect: "idle",
    close: "closed",
    opened: "idle",
    ready: "idle",
    lost: "idle",
    refused: "idle",
    expelled: "idle",
    networkDown: "idle",
    networkUp: "idle",
  },
  connecting: {
    connect: "connecting",
    disconnect: "idle",
    close: "closed",
    opened: "catching_up",
    ready: "connecting",
    lost: "reconnecting",
    refused: "unauthorized",
    expelled: "closed",
    networkDown: "offline",
    networkUp: "connecting",
  },
  catching_up: {
    connect: "catching_up",
    disconnect: "idle",
    close: "closed",
    opened: "catching_up",
    ready: "live",
    lost: "reconnecting",
    refused: "unauthorized",
    expelled: "closed",
    networkDown: "catching_up",
    networkUp: "catching_up",
  },
  live: {
    connect: "live",
    disconnect: "idle",
    close: "closed",
    opened: "live",
    ready: "live",
    lost: "reconnecting",
    refused: "unauthorized",
    expelled: "closed",
    networkDown: "live",
    networkUp: "live",
  },
  reconnecting: {
    connect: "reconnecting",
    disconnect: "idle",
    close: "closed",
    opened: "catching_up",
    ready: "reconnecting",
    lost: "reconnecting",
    refused: "unauthorized",
    expelled: "closed",
    networkDown: "offline",
    networkUp: "reconnecting",
  },
  offline: {
    connect: "offline",
    disconnect: "idle",
    close: "closed",
    opened: "catching_up",
    ready: "offline",
    lost: "offline",
    refused: "unauthorized",
    expelled: "closed",
    networkDown: "offline",
    networkUp: "reconnecting",
  },
  unauthorized: {
    connect: "connecting",
    disconnect: "idle",
    close: "closed",
    opened: "catching_up",
    ready: "unauthorized",
    lost: "reconnecting",
    refused: "unauthorized",
    expelled: "closed",
    networkDown: "unauthorized",
    networkUp: "unauthorized",
  },
  closed: {
    connect: "connecting",
    disconnect: "closed",
    close: "closed",
    opened: "closed",
    ready: "closed",
    lost: "closed",
    refused: "closed",
    expelled: "closed",
    networkDown: "closed",
    networkUp: "closed",
  },
};

/** Tells the status that follows. */
export function nextStatus(status: ConnectionStatus, input: ConnectionInput): ConnectionStatus {
  return TRANSITIONS[status][input];
}
