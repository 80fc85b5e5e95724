/** Acknowledgements: what a client says of itself, and what became of it. Users of one batch are told of in one call. */
import type { DoorstepError, Offset } from "@doorstep/protocol";
import { toStoreError } from "./connection.ts";
import type { Scripts } from "./script.ts";
import type { UserKeys } from "./user-key.ts";

/** Whose word an acknowledgement is, for receipts. */
export interface AckingClient {
  readonly clientId: string;
  /** The offset after which this client got everything up to what it acknowledges. */
  readonly since: Offset;
  /** Whether it said so itself, and had what came before too, as far as it ever acknowledged it. */
  readonly isResumed: boolean;
}

/** An acknowledgement: everything of a user up to an offset, by the word of a client. */
export interface Ack {
  readonly keys: UserKeys;
  readonly offset: Offset;
  readonly client?: AckingClient | undefined;
}

/** What an acknowledgement did. */
export interface AckResult {
  readonly acked: Offset;
  /** Events that this call acknowledged. */
  readonly count: number;
  /** BullMQ jobs whose parcels are no longer needed. */
  readonly released: readonly string[];
}

/** Runs the script for users of one batch; see `Log.ackAll`. */
export async function acknowledge(scripts: Scripts, acks: readonly Ack[]): Promise<(AckResult | DoorstepError)[]> {
  const replies = (await scripts.run(
    "ack",
    acks.flatMap(({ keys }) => [keys.user, keys.log, keys.due, keys.parcels, keys.acks, keys.escalated]),
    acks.flatMap(({ keys: { uid }, offset, client }) => [
      offset,
      uid,
      client?.clientId ?? "",
      client?.since ?? "",
      client?.isResumed === true ? "1" : "",
    ]),
  )) as [string, number | string, ...string[]][];
  return replies.map(([acked, count, ...released]) =>
    acked === "!" ? toStoreError(new Error(String(count))) : { acked, count: Number(count), released },
  );
}
