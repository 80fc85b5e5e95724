/**
 * The escalator: rules and sinks, as the mailbox asks for them. It plans by the rules, makes attempts at the sinks, and turns
 * their outcomes into the times of further attempts.
 */
import type { EscalationOutcome, Escalator, ParcelEvent } from "@doorstep/mailbox";
import type { Logger } from "@doorstep/runtime";
import type { Store } from "@doorstep/store";

import type { CourierConfig } from "../config.ts";
import type { CourierMetrics } from "../metric.ts";
import { AddressGuard } from "./address-guard.ts";
import { retryDelayMs } from "./back-off.ts";
import { createPost } from "./request.ts";
import { defaultRule, planEscalations, type Rule } from "./rule.ts";
import { deliveryIdOf, type Sink, type SinkName } from "./sink.ts";
import { createWebPushSink } from "./web-push-sink.ts";
import { createWebhookSink } from "./webhook.ts";

export interface EscalatorOptions {
  readonly config: CourierConfig;
  readonly store: Store;
  readonly metrics: CourierMetrics;
  readonly logger: Logger;
  /** Gives up the requests under way; what they would have told is told after the restart. */
  readonly signal: AbortSignal;
}

/** Opens the sinks that are configured; undefined where there is none. Throws RangeError for what no setting can check. */
export function createEscalator(options: EscalatorOptions): Escalator | undefined {
  const { config, metrics } = options;
  const sinks = new Map(openSinks(options).map((sink) => [sink.name, sink]));
  if (sinks.size === 0) return undefined;
  const rules = rulesOf(config, [...sinks.keys()]);
  const backOff = { baseMs: config.webhookBackoffMs, maxMs: Math.max(config.webhookBackoffMs, 3_600_000) };
  return {
    plan: (events: readonly ParcelEvent[]) => planEscalations(rules, events).filter(({ sink }) => sinks.has(sink)),
    attempt: async ({ sink, jobId, to, dueAtMs, attempt, userId, events }): Promise<EscalationOutcome> => {
      const name = sink as SinkName;
      const target = sinks.get(name);
      if (target === undefined) return { kind: "refused", reason: "no such sink" };
      const deliveryId = deliveryIdOf(jobId, name, to);
      const outcome = await target.deliver({ deliveryId, userId, events, attempt, occurredAtMs: dueAtMs });
      if (outcome.kind !== "retry") return outcome;
      return { ...outcome, afterMs: retryDelayMs(attempt, Math.random(), backOff, outcome.afterMs) };
    },
    onCount: (sink, outcome, by) => {
      if (outcome === "late_ack") metrics.lateAcks.inc({ sink }, by);
      else metrics.escalations.inc({ sink, outcome }, by);
    },
  };
}

/** The shortest time after which anything escalates: events have to be in custody well before. */
export function shortestAfterMs(config: CourierConfig): number {
  const times = rulesOf(config, ["webhook"]).flatMap(({ afterMs, sinks }) => (sinks.length > 0 ? [afterMs] : []));
  return Math.min(...times, config.escalateAfterMs);
}

function rulesOf(config: CourierConfig, sinks: readonly SinkName[]): Rule[] {
  return [...(config.escalationRules ?? []), defaultRule(config.escalateAfterMs, sinks)];
}

function openSinks({ config, store, metrics, logger, signal }: EscalatorOptions): Sink[] {
  const { webhookUrl, webhookSecret, vapidPublicKey, vapidPrivateKey, vapidSubject } = config;
  const guard = new AddressGuard({ allow: config.webhookAllowPrivate ?? [] });
  const post = createPost({ guard, timeoutMs: config.webhookTimeoutMs, signal });
  const onOpen = (origin: string): void => {
    metrics.circuitsOpened.inc();
    logger.warn({ origin }, "requests keep failing and pause for a while");
  };
  const sinks: Sink[] = [];
  if (webhookUrl !== undefined && webhookSecret !== undefined) {
    sinks.push(createWebhookSink({ url: webhookUrl, keys: webhookSecret, post, circuit: { onOpen } }));
  }
  if (vapidPublicKey !== undefined && vapidPrivateKey !== undefined && vapidSubject !== undefined) {
    const { pushSubscriptions: subscriptions } = store;
    sinks.push(
      createWebPushSink({
        vapid: { publicKey: vapidPublicKey, privateKey: vapidPrivateKey, subject: vapidSubject },
        post,
        subscriptionsOf: (userId) => subscriptions.list(store.log.keysOf(userId)),
        removeSubscription: (userId, { endpoint }) => subscriptions.remove(store.log.keysOf(userId), endpoint),
        circuit: { onOpen },
      }),
    );
  }
  return sinks;
}
