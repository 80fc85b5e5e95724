/**
 * Web Push: a small notification to each browser that a user subscribed with.
 *
 * The message is made and encrypted by `web-push` (VAPID, aes128gcm) but sent by our own Post: subscriptions come from
 * users, so their endpoints are as untrusted as any URL. It says what waits and how much, never what is in it; the browser
 * fetches that when it connects. A push service keeps only the latest message of a thread (Topic).
 *
 * One browser that took it is enough for "delivered": the next attempt would tell that one again. A subscription that its
 * push service no longer knows, or whose keys are none, is handed to `removeSubscription`.
 */
import { createHash } from "node:crypto";
import webPush, { type PushSubscription } from "web-push";

import { type CircuitOptions, withCircuits } from "./circuit.ts";
import { type EventHead, readHead } from "./event-head.ts";
import { outcomeOf } from "./outcome.ts";
import type { Post } from "./request.ts";
import type { Delivery, Outcome, Sink } from "./sink.ts";

/** Browsers of one user that are told at most. */
const MAX_SUBSCRIPTIONS = 20;

/** The application server's identity towards push services. */
export interface Vapid {
  /** `mailto:` or `https:` of somebody a push service can turn to. */
  readonly subject: string;
  /** In base64url, as the browser subscribed with it. */
  readonly publicKey: string;
  readonly privateKey: string;
}

export interface WebPushOptions {
  readonly vapid: Vapid;
  readonly post: Post;
  /** Lists a user's subscriptions; what it throws, `deliver` throws. */
  readonly subscriptionsOf: (userId: string) => Promise<readonly PushSubscription[]>;
  /** Forgets a subscription that is of no use any more; what it throws, `deliver` throws. */
  readonly removeSubscription: (userId: string, subscription: PushSubscription) => Promise<void>;
  /** How long a push service keeps a message for a browser that is away, in seconds. @default 86_400 */
  readonly ttlS?: number;
  /** How soon a device in power saving shall wake for it. @default "normal" */
  readonly urgency?: "very-low" | "low" | "normal" | "high";
  readonly circuit?: CircuitOptions;
}

/** What the service worker of the page receives: the newest event's kind and place, and how many wait. */
export interface PushMessage extends EventHead {
  readonly count: number;
}

/** Creates the Web Push sink; throws where the VAPID keys or the subject are not usable. */
export function createWebPushSink(options: WebPushOptions): Sink {
  const { vapid, subscriptionsOf, removeSubscription, ttlS = 86_400, urgency = "normal" } = options;
  webPush.getVapidHeaders("https://push.example", vapid.subject, vapid.publicKey, vapid.privateKey, "aes128gcm");
  const post = withCircuits(options.post, options.circuit);

  const tell = async (subscription: PushSubscription, message: PushMessage): Promise<Outcome> => {
    const sending = { vapidDetails: vapid, TTL: ttlS, urgency, topic: topicOf(message) };
    const details = tryEncrypt(subscription, JSON.stringify(message), sending);
    if (details === undefined) return { kind: "gone" };
    const { endpoint, headers, body } = details;
    const texts = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const answer = await post({ url: endpoint, headers: texts, body });
    // 404 is what RFC 8030 has for a subscription that expired; some services say 410.
    if (answer.kind === "answered" && answer.status === 404) return { kind: "gone" };
    return outcomeOf(answer, Date.now());
  };

  return {
    name: "web-push",
    async deliver(delivery) {
      const { userId } = delivery;
      const message = messageOf(delivery);
      const subscriptions = (await subscriptionsOf(userId)).slice(0, MAX_SUBSCRIPTIONS);
      const outcomes = await Promise.all(
        subscriptions.map(async (subscription) => {
          const outcome = await tell(subscription, message);
          if (outcome.kind === "gone") await removeSubscription(userId, subscription);
          return outcome;
        }),
      );
      return combine(outcomes);
    },
  };
}

type Sending = Parameters<typeof webPush.generateRequestDetails>[2];

/** Makes the request to a push service; undefined where the subscription's endpoint or keys are not of the form. */
function tryEncrypt(subscription: PushSubscription, text: string, sending: Sending) {
  try {
    const endpoint = new URL(subscription.endpoint).href;
    return webPush.generateRequestDetails({ ...subscription, endpoint }, text, sending);
  } catch {
    return undefined;
  }
}

function messageOf({ events }: Delivery): PushMessage {
  const newest = events.at(-1);
  const head = newest && readHead(newest);
  return { ...(head ?? { type: "events.undelivered" }), count: events.length };
}

/** Up to 32 characters of base64url; the same for all messages of a thread, or of a run without one. */
function topicOf({ threadId, runId }: PushMessage): string {
  return createHash("sha256")
    .update(`${threadId ?? ""} ${runId !== undefined && threadId === undefined ? runId : ""}`)
    .digest("base64url")
    .slice(0, 32);
}

function combine(outcomes: readonly Outcome[]): Outcome {
  const [first] = outcomes;
  if (first === undefined) return { kind: "refused", reason: "no subscription" };
  const ofKind = (kind: Outcome["kind"]): Outcome | undefined => outcomes.find((outcome) => outcome.kind === kind);
  return ofKind("delivered") ?? ofKind("retry") ?? ofKind("refused") ?? first;
}
