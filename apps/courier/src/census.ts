/** Census: counts, now and then, what waits in the whole hub, for the gauges. */
import type { CourierMailbox, OnError } from "@doorstep/mailbox";
import type { Store } from "@doorstep/store";

import type { CourierMetrics } from "./metric.ts";

/** As often as Prometheus usually asks. */
const CENSUS_MS = 15_000;

export interface CensusOptions {
  readonly store: Store;
  readonly mailbox: CourierMailbox;
  readonly metrics: CourierMetrics;
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

async function countAll({ store, mailbox, metrics }: CensusOptions): Promise<void> {
  const partitions = Array.from({ length: store.partitions }, (_, partition) => partition);
  const due = await Promise.all(partitions.map((partition) => store.custody.countDue(partition)));
  metrics.dueUsers.set(due.reduce((total, users) => total + users, 0));
  const { parcels, deadLetters } = await mailbox.counts();
  metrics.parcels.set(parcels);
  metrics.deadLetters.set(deadLetters);
}
