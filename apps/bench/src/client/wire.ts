/**
 * A wire: what one connection of one user says and hears, over a WebSocket that is not its matter. There is one for each
 * protocol; it is made anew for each connection, and what has to outlive one is in the user's memory.
 */

export interface Wire {
  /** The WebSocket is open. */
  opened(): void;
  /** A message came. */
  message(data: Buffer): void;
  /** The WebSocket is closed, whoever closed it. @default nothing is to be done */
  closed?(): void;
}

/** What a wire has to do with the rest of its client. */
export interface WireHost {
  readonly userId: string;
  /** What the user has to present on the next connection; the wire's own. */
  readonly memory: WireMemory;
  send(data: string | Uint8Array): void;
  /** The connection is accepted and, where that can be told, has caught up. */
  ready(): void;
  /** Hands on a text with events; answers how many there were. */
  events(text: string): number;
  /** Events came that the client library drops, since they came before. */
  repeated(count: number): void;
  /** The target said that events are missing. */
  gap(): void;
  /** The server refused; the client tries again later. */
  refused(): void;
}

export interface WireMemory {
  /** The session, where the protocol has one. */
  session?: string | undefined;
  /** Where the user stands, where that is known. */
  offset?: string | undefined;
  /** The last message with events; `offset` is read from it when it is needed, not per event. */
  lastText?: string | undefined;
}

/** How a protocol is spoken. */
export interface WireKind {
  /** Path and query of the WebSocket's URL. */
  readonly path: string;
  readonly subprotocols: readonly string[];
  /** How long the client library waits before it connects again, after so many failures in a row. @default Doorstep's SDK's */
  readonly backOffMs?: (failures: number, random: number) => number;
  /** How many of a user's last events the client library drops where they come again. @default 0 */
  readonly remembers?: number;
  create(host: WireHost): Wire;
}
