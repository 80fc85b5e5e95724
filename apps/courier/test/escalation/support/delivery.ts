/** Events and deliveries as the courier has them. */
import type { ParcelEvent } from "@doorstep/mailbox";
import { encodeEvent, type EventId, type EventInput, parseOffset } from "@doorstep/protocol";
import { type Delivery, deliveryIdOf } from "../../../src/escalation/sink.ts";

/** An event that was logged at a time, as a parcel holds it. */
export function createEvent(timeMs: number, input: Partial<EventInput> = {}): ParcelEvent {
  const event = { type: "agent_completed", data: { text: 'café "otters" \u2028' }, ...input };
  const { body } = encodeEvent(event, () => `e${timeMs}` as EventId, timeMs);
  return { offset: parseOffset(`${timeMs}-0`), body };
}

export function createDelivery(fields: Partial<Delivery> = {}): Delivery {
  const events = fields.events ?? [createEvent(1_700_000_000_000), createEvent(1_700_000_000_005)];
  const to = events.at(-1)?.offset ?? parseOffset("0-0");
  return {
    deliveryId: deliveryIdOf("uada.0-0.1700000000005-0", "webhook", to),
    userId: "ada",
    events,
    attempt: 1,
    occurredAtMs: 1_700_000_300_000,
    ...fields,
  };
}
