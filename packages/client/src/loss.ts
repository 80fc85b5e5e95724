/** Loss: why a connection or a try to make one ended, and what follows from it. */
import { type ClosingPolicy, closingPolicy, decodeErrorAnswer, DoorstepError, type Drain } from "@doorstep/protocol";
import type { ConnectionError } from "./connection-state.ts";
import { toError } from "./emitter.ts";

export interface Loss {
  readonly error: ConnectionError;
  readonly policy: ClosingPolicy;
  /** How long the hub asks to wait at least, in milliseconds. */
  readonly afterMs: number;
}

/** By a coded answer of the hub: `closing`, or the data of a `connect_error`. The number's range is the policy. */
export function lossByAnswer(value: unknown): Loss {
  const { code, number, message, afterMs = 0 } = decodeErrorAnswer(value);
  return { error: { code, message }, policy: closingPolicy(number), afterMs };
}

/** By the transport: cut, unreachable, too slow to answer. */
export function lossByTransport(message: string): Loss {
  return { error: { code: "CONNECTION_LOST", message }, policy: "back-off", afterMs: 0 };
}

/** By the gateway's wish to move. */
export function lossByDrain({ afterMs }: Drain): Loss {
  const { code, message } = new DoorstepError("DRAINING");
  return { error: { code, message }, policy: "reconnect", afterMs };
}

/** By the application's token function. */
export function lossByToken(thrown: unknown): Loss {
  const message = `the token function failed: ${toError(thrown).message}`;
  return { error: { code: "TOKEN_FAILED", message }, policy: "back-off", afterMs: 0 };
}

/** By Socket.IO's `connect_error`: the hub's answer where it gave one, else the transport's error. */
export function lossByConnectError(error: Error & { data?: unknown }): Loss {
  return error.data === undefined ? lossByTransport(error.message) : lossByAnswer(error.data);
}
