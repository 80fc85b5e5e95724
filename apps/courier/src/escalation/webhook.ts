/**
 * The webhook: a user's undelivered events as one signed POST to the application.
 *
 * The body is put together from the texts that were logged, each with its offset spliced in; nothing is encoded again. All
 * attempts carry the same webhook-id, and each its own timestamp and signatures. docs/guide/webhooks.md tells receivers
 * what they get.
 */
import type { ParcelEvent } from "@doorstep/mailbox";

import { type CircuitOptions, withCircuits } from "./circuit.ts";
import { outcomeOf } from "./outcome.ts";
import type { Post } from "./request.ts";
import { signatureHeaders, type SigningKey } from "./signature.ts";
import type { Delivery, Sink } from "./sink.ts";

export interface WebhookOptions {
  readonly url: string;
  /** At least one; each signs, so that secrets can be replaced while receivers change over. */
  readonly keys: readonly SigningKey[];
  readonly post: Post;
  readonly circuit?: CircuitOptions;
}

/** Creates the webhook's sink; throws RangeError without a key. */
export function createWebhookSink({ url, keys, post, circuit }: WebhookOptions): Sink {
  if (keys.length === 0) throw new RangeError("a webhook needs a secret to sign with");
  const guardedPost = withCircuits(post, circuit);
  return {
    name: "webhook",
    async deliver(delivery) {
      const body = encodeBody(delivery);
      const headers = {
        "content-type": "application/json",
        "user-agent": "Doorstep",
        "doorstep-attempt": String(delivery.attempt),
        ...signatureHeaders(keys, delivery.deliveryId, Date.now(), body),
      };
      return outcomeOf(await guardedPost({ url, headers, body }), Date.now());
    },
  };
}

function encodeBody({ userId, events, occurredAtMs }: Delivery): Buffer {
  const head = JSON.stringify({ type: "events.undelivered", timestamp: new Date(occurredAtMs).toISOString(), userId });
  return Buffer.from(`${head.slice(0, -1)},"events":[${events.map(spliceOffset).join()}]}`);
}

function spliceOffset({ offset, body }: ParcelEvent): string {
  return `{"offset":"${offset}",${body.slice(body.indexOf("{") + 1)}`;
}
