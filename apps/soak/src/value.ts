/**
 * Values: what the publishers of a run put into their events, so that every one is told apart from all others.
 *
 * The payload names its publisher, its number and the user meant. In a history an event is called by that (`idOf`), not
 * by the id it has in the hub: a publish that was appended twice under two ids would still show as one value twice.
 */
import { isRecord } from "@doorstep/protocol";

/** The payload of an event. */
export interface Value {
  readonly by: string;
  readonly n: number;
  readonly to: string;
  /** Fills the event up to a size. */
  readonly pad?: string;
}

/** Type of the events of a run. */
export const EVENT_TYPE = "soak_event";

/** The name of a value in histories, and the event id where the publisher chooses one. */
export function idOf({ by, n }: Pick<Value, "by" | "n">): string {
  return `${by}.${n}`;
}

/** Reads a payload; what is none of ours becomes a value that nobody published. */
export function readValue(data: unknown): Value {
  if (isRecord(data)) {
    const { by, n, to } = data;
    if (typeof by === "string" && typeof n === "number" && typeof to === "string") return { by, n, to };
  }
  return { by: "nobody", n: 0, to: "nobody" };
}

/** Reads the value out of a logged body. */
export function readBody(body: string): Value {
  try {
    const envelope: unknown = JSON.parse(body);
    return readValue(isRecord(envelope) ? envelope["data"] : undefined);
  } catch {
    // Not JSON is none of ours, and the checker says so.
    return readValue(undefined);
  }
}
