/**
 * The courier, put together: it holds what nobody acknowledged and ends what expires (DESIGN section 6).
 *
 * Any number of couriers run beside each other and none keeps anything: sweeps and parcels are BullMQ jobs, each goes to
 * one of them, and what a killed one left is done by another.
 */
import { type CourierMailbox, openCourierMailbox } from "@doorstep/mailbox";
import {
  type AdminPages,
  defineMetrics,
  type Logger,
  type MainContext,
  type ReadyReport,
  startAdminServer,
} from "@doorstep/runtime";
import { connectStore, type Store } from "@doorstep/store";

import { BOARD_PATH, createBoard } from "./board.ts";
import { startCensus } from "./census.ts";
import { createEscalator, shortestAfterMs } from "./escalation/escalator.ts";
import type { configSchema, CourierConfig } from "./config.ts";
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
    liveHoldMs: shortestAfterMs(config) / 2,
    escalator: createEscalator({ config, store, metrics, logger, signal: shutdown.signal }),
    stalledIntervalMs: config.stalledIntervalMs,
    deadLetterMaxAgeMs: config.deadLetterMaxAgeMs,
    deadLetterMaxCount: config.deadLetterMaxCount,
    onStored: ({ count }) => {
      metrics.parcelsStored.inc();
      metrics.eventsHeld.inc(count);
    },
    onExpired: ({ reason, events }) => {
      metrics.deadLettered.inc({ reason });
      metrics.eventsDeadLettered.inc({ reason }, events.length);
    },
    onForgotten: (bound, id) => {
      metrics.deadLettersForgotten.inc({ bound });
      logger.info({ bound, id }, "a dead letter is gone for good");
    },
    onError,
  });
  shutdown.add("drain", "parcels", () => mailbox.close());
  const sweeper = await Sweeper.start({ mailbox, metrics, intervalMs: config.sweepIntervalMs });
  shutdown.add("refuse", "sweeps", () => sweeper.close());
  shutdown.add("refuse", "census", startCensus({ store, mailbox, metrics, graceMs: config.graceMs, onError }));

  const admin = await startAdminServer({
    host: config.adminHost ?? config.host,
    port: config.adminPort,
    registry,
    logger,
    ready: () => askReady(store, sweeper, shutdown.signal),
    pages: createPages(config, mailbox, logger),
  });
  shutdown.add("close", "admin port", () => admin.close());
  logger.info({ adminPort: admin.port }, "courier ready");
}

function createPages(config: CourierConfig, mailbox: CourierMailbox, logger: Logger): AdminPages {
  const { adminPassword: password, boardWritable: isWritable } = config;
  if (password === undefined) {
    logger.info(`${BOARD_PATH} is off; DOORSTEP_ADMIN_PASSWORD, 12 characters or more, switches it on`);
    return new Map();
  }
  return new Map([[BOARD_PATH, createBoard({ queues: mailbox.boardQueues, password, isWritable, logger })]]);
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
