/**
 * Census: counts, now and then, what waits in the whole hub, for the gauges. Every courier does, and tells the same.
 *
 * It costs a few short calls, in a Cluster one a partition, and of each queue what packages/mailbox bounds, however much waits.
 */
import type { CourierMailbox, OnError, QueueCensus } from "@doorstep/mailbox";
import type { Store } from "@doorstep/store";

import type { CourierMetrics } from "./metric.ts";

/** As often as Prometheus usually asks. */
const CENSUS_MS = 15_000;

export interface CensusOptions {
  readonly store: Store;
  readonly mailbox: CourierMailbox;
  readonly metrics: CourierMetrics;
  /** How long events wait before a sweep is to hold them. */
  readonly graceMs: number;
  readonly onError: OnError;
}

/** Counts at once and then every 15 s; returns how to stop. Where Redis does not answer, the gauges keep their values. */
export function startCensus(options: CensusOptions): () => void {
  const count = (): void => {
    countAll(options).catch((error: unknown) => options.onError(error, "census"));
  };
  count();
  const timer = setInterval(count, CENSUS_MS);
  return () => clearInterval(timer);
}

async function countAll(options: CensusOptions): Promise<void> {
  const nowMs = await options.store.nowMs();
  await Promise.all([countDue(options, nowMs), countHeld(options, nowMs)]);
}

async function countDue({ store, metrics, graceMs }: CensusOptions, nowMs: number): Promise<void> {
  const partitions = Array.from({ length: store.partitions }, (_, partition) => partition);
  const { users, sinceMs } = await store.custody.waiting(partitions);
  metrics.dueUsers.set(users);
  metrics.sweepLag.set(ageSeconds(nowMs, sinceMs + graceMs));
}

async function countHeld({ mailbox, metrics }: CensusOptions, nowMs: number): Promise<void> {
  const { queues, deadLetters, oldestDeadAtMs } = await mailbox.census();
  for (const { queue, parcels, events, bytes, oldestAtMs } of queues) {
    metrics.parcels.set({ queue }, parcels);
    metrics.heldEvents.set({ queue }, events);
    metrics.heldBytes.set({ queue }, bytes);
    metrics.oldestParcel.set({ queue }, ageSeconds(nowMs, oldestAtMs));
  }
  metrics.deadLetters.set(deadLetters);
  metrics.oldestDeadLetter.set(ageSeconds(nowMs, oldestDeadAtMs));
}

/** Seconds since a time; 0 where it lies ahead, or there is none. */
function ageSeconds(nowMs: number, sinceMs: QueueCensus["oldestAtMs"] = Infinity): number {
  return Math.max(0, nowMs - sinceMs) / 1_000;
}
