/** Events as publishers hand them to the store. */
import { type EncodedEvent, encodeEvent, type EventInput } from "@doorstep/protocol";

let made = 0;

/** An encoded event: durable, with an id the hub made, unless told otherwise. */
export function event(input: Partial<EventInput> = {}): EncodedEvent {
  const whole = { type: "test", data: null, delivery: "durable", ...input } as const;
  return encodeEvent(whole, () => `made-${++made}`, Date.now(), 1_000_000);
}

/** `count` events of the same kind. */
export function events(count: number, input: Partial<EventInput> = {}): EncodedEvent[] {
  return Array.from({ length: count }, () => event(input));
}
