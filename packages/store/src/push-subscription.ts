/**
 * Web Push subscriptions: the browsers that a user wants to be told in while away.
 *
 * A page sends its browser's subscription through a gateway, a courier reads them all when it escalates. One endpoint is
 * one browser: keeping it again replaces its keys and makes it the newest. What a user can make Redis hold is bounded: the
 * oldest of MAX_SUBSCRIPTIONS goes for a new one, and all go KEEP_MS after the last one came. Endpoints and keys are what
 * the browser said; whoever sends requests there looks at them first.
 */
import { createHash } from "node:crypto";
import type { WebPushSubscription } from "@doorstep/protocol";
import { toStoreError } from "./connection.ts";
import type { Scripts } from "./script.ts";
import type { UserKeys } from "./user-key.ts";

/** Subscriptions of one user. */
const MAX_SUBSCRIPTIONS = 20;
/** 90 days: a page that is used now and then sends its subscription again at each visit. */
const KEEP_MS = 90 * 86_400_000;

/** A subscription as it is kept. */
export interface PushSubscription extends WebPushSubscription {
  /** The client that sent it last. */
  readonly clientId?: string;
  /** When it was sent last, milliseconds since 1970 by Redis' clock. */
  readonly sinceMs: number;
}

export class PushSubscriptions {
  readonly #scripts: Scripts;

  constructor(scripts: Scripts) {
    this.#scripts = scripts;
  }

  /** Keeps a subscription; repeating makes it the newest. Throws STORE_FULL or UNAVAILABLE. */
  async add(
    keys: UserKeys,
    { endpoint, keys: { p256dh, auth } }: WebPushSubscription,
    clientId?: string,
  ): Promise<void> {
    const text = JSON.stringify({ endpoint, keys: { p256dh, auth }, clientId });
    await this.#scripts.run("webpush", [keys.subscriptions], [digestOf(endpoint), text, MAX_SUBSCRIPTIONS, KEEP_MS]);
  }

  /** Forgets the subscription with this endpoint, if there is one. Works when memory is full; throws UNAVAILABLE. */
  async remove(keys: UserKeys, endpoint: string): Promise<void> {
    await coded(this.#scripts.connection.hdel(keys.subscriptions, digestOf(endpoint)));
  }

  /** Lists a user's subscriptions, in no order. Throws UNAVAILABLE. */
  async list(keys: UserKeys): Promise<PushSubscription[]> {
    const texts = await coded(this.#scripts.connection.hvals(keys.subscriptions));
    return texts.map((text) => JSON.parse(text) as PushSubscription);
  }
}

/** Endpoints are long, and a user's may be of any form; their digests are neither. */
function digestOf(endpoint: string): string {
  return createHash("sha256").update(endpoint, "utf8").digest("base64url");
}

function coded<T>(reply: Promise<T>): Promise<T> {
  return reply.catch((error: unknown) => {
    throw toStoreError(error);
  });
}
