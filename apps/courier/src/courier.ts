/**
 * The courier, put together: it holds what nobody acknowledged and ends what expires (DESIGN section 6).
 *
 * Any number of couriers run beside each other and none keeps anything: sweeps and parcels are BullMQ jobs, each goes to
 * one of them, and what a killed one left is done by another.
 */
import { openCourierMailbox } from "@doorstep/mailbox";
import { defineMetrics, type Logger, type MainContext, type ReadyReport, startAdminServer } from "@doorstep/runtime";
import { connectStore, type Store } from "@doorstep/store";

import { startCensus } from "./census.ts";
import type { configSchema } from "./config.ts";
import { type CourierMetrics, METRICS } from "./metric.ts";
import { Sweeper } from "./sweeper.ts";

/** Starts a courier; every part that is opened adds its end to the shutdown. */
export async function startCourier(context: MainContext<typeof configSchema>): Promise<void> {
  const { config, logger, shutdown, registry } = context;
  const metrics = defineMetrics(registry, METRICS);
  const store = await connectStore({ redis: config.redisUrl, limits: config });
  shutdown.add("close", "store", () => store.close());

  const onError = reportErrors(logger, metrics);
  const mailbox = await openCourierMailbox({
    store,
    queues: config.mailboxQueues,
    graceMs: config.graceMs,
    pingIntervalMs: config.pingIntervalMs,
    liveHoldMs: config.escalateAfterMs / 2,
    stalledIntervalMs: config.stalledIntervalMs,
    onStored: ({ count }) => {
      metrics.parcelsStored.inc();
      metrics.eventsHeld.inc(count);
    },
    onExpired: ({ reason, events }) => {
      metrics.deadLettered.inc({ reason });
      metrics.eventsDeadLettered.inc({ reason }, events.length);
    },
    onError,
  });
  shutdown.add("drain", "parcels", () => mailbox.close());
  const sweeper = await Sweeper.start({ mailbox, metrics, intervalMs: config.sweepIntervalMs });
  shutdown.add("refuse", "sweeps", () => sweeper.close());
  shutdown.add("refuse", "census", startCensus({ store, mailbox, metrics, onError }));

  const admin = await startAdminServer({
    host: config.adminHost ?? config.host,
    port: config.adminPort,
    registry,
    logger,
    ready: () => askReady(store, sweeper, shutdown.signal),
  });
  shutdown.add("close", "admin port", () => admin.close());
  logger.info({ adminPort: admin.port }, "courier ready");
}

async function askReady(store: Store, sweeper: Sweeper, ending: AbortSignal): Promise<ReadyReport> {
  const isRedisUp = await store.ping().then(
    () => true,
    () => false,
  );
  return {
    ready: isRedisUp && sweeper.isFresh() && !ending.aborted,
    checks: {
      redis: isRedisUp ? "ok" : "no answer",
      sweeps: sweeper.isFresh() ? "ok" : "none finished lately",
      ending: ending.aborted ? "yes" : "ok",
    },
  };
}

/** Counts and logs what is tried again; the same trouble repeats as fast as jobs do, so it is logged once a second. */
function reportErrors(logger: Logger, metrics: CourierMetrics): (error: unknown, during: string) => void {
  const loggedAtMs = new Map<string, number>();
  return (err, during) => {
    metrics.errors.inc({ during });
    const nowMs = performance.now();
    if (nowMs - (loggedAtMs.get(during) ?? -Infinity) < 1_000) return;
    loggedAtMs.set(during, nowMs);
    logger.warn({ err, during }, "something went wrong and is tried again");
  };
}
