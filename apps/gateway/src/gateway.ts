/**
 * The gateway, put together: store, mailbox, delivery, sockets, HTTP, admin port, and the order in which they end.
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { hostname } from "node:os";
import { openMailbox } from "@doorstep/mailbox";
import {
  beforeReading,
  defineMetrics,
  listen,
  type MainContext,
  type Shutdown,
  startAdminServer,
} from "@doorstep/runtime";
import { connectStore, type Subscriber } from "@doorstep/store";
import type { configSchema } from "./config.ts";
import { createControlPlane } from "./connect/control-plane.ts";
import { Degraded } from "./connect/degraded.ts";
import { drainSockets } from "./connect/drain.ts";
import { Lag } from "./connect/lag.ts";
import { Lease } from "./connect/lease.ts";
import { SocketServer } from "./connect/server.ts";
import { watchStuckSockets } from "./connect/stuck.ts";
import { createTokenCheck } from "./connect/token.ts";
import { Acknowledger } from "./delivery/acknowledger.ts";
import { CatchUp } from "./delivery/catch-up.ts";
import { HeadCheck } from "./delivery/head-check.ts";
import { Hub } from "./delivery/hub.ts";
import { createApp } from "./http/app.ts";
import { Publisher } from "./http/publish.ts";
import { METRICS } from "./metric.ts";

/** Starts a gateway; every part that is opened adds its end to the shutdown. */
export async function startGateway({
  config,
  logger,
  shutdown,
  registry,
}: MainContext<typeof configSchema>): Promise<void> {
  const gatewayId = `${hostname()}-${randomBytes(4).toString("hex")}`;
  const metrics = defineMetrics(registry, METRICS);
  const store = await connectStore({
    redis: config.redisUrl,
    limits: config,
    onOverflow: (events) => metrics.overflow.inc(events),
  });
  shutdown.add("close", "store", () => store.close());
  const mailbox = await openMailbox({
    store,
    queues: config.mailboxQueues,
    onError: () => metrics.storeErrors.inc({ operation: "mailbox" }),
  });
  shutdown.add("close", "mailbox", () => mailbox.close());

  const lag = new Lag();
  const acknowledger = new Acknowledger(store, mailbox, metrics);
  const publisher = new Publisher(store, metrics);
  const httpServer = createServer(
    createApp({ config, publisher, store, deadLetters: mailbox.deadLetters, metrics, logger }),
  );
  const server = new SocketServer({
    httpServer,
    config,
    gatewayId,
    store,
    acknowledger,
    metrics,
    logger,
    verifyToken: createTokenCheck(config),
    controlPlane: createControlPlane(
      await store.openConnection("command"),
      await store.openConnection("subscriber"),
      () => metrics.controlMalformed.inc(),
    ),
    isDraining: () => shutdown.signal.aborted,
    isOverloaded: () => config.maxLagMs > 0 && lag.p99Ms > config.maxLagMs,
  });

  const degraded = new Degraded(server.sockets);
  const subscriber: Subscriber = await store.openSubscriber({
    onPush: (channel, push) => hub.push(channel, push),
    onMalformed: () => metrics.pushMessages.inc({ kind: "malformed" }),
    onLost: () => {
      degraded.begin();
      logger.warn("the subscription to Redis was lost");
    },
    onRestored: () => {
      degraded.end();
      logger.info("the subscription to Redis is restored");
      headCheck.check();
    },
    onMark: () => headCheck.check(),
  });
  beforeReading(metrics.lag, () => metrics.lag.set(lag.p99Ms / 1_000));
  beforeReading(metrics.handshakesWaiting, () => metrics.handshakesWaiting.set(server.waitingHandshakes));
  const hub = new Hub({
    store,
    subscriber,
    catchUp: new CatchUp(store, mailbox),
    metrics,
    socketBudgetBytes: config.socketBudgetBytes,
    onReady: (socket) => {
      server.announceReady(socket);
      degraded.welcome(socket);
    },
    onFirstPage: (socket, page) => server.acceptFirstPage(socket, page),
  });
  await store.history.check();
  const headCheck = new HeadCheck(store, hub, metrics, config.headCheckMs);
  server.serve(hub);

  const lease = await Lease.start({
    store,
    gatewayId,
    leaseMs: config.gatewayLeaseMs,
    info: JSON.stringify({ pid: process.pid, startedAt: new Date().toISOString() }),
    metrics,
    sockets: server.sockets,
  });
  const stopStuckWatch = watchStuckSockets(server.sockets, config, metrics);
  const port = await listen(httpServer, { host: config.host, port: config.port, setting: "PORT" });
  const admin = await startAdminServer({
    host: config.adminHost ?? config.host,
    port: config.adminPort,
    registry,
    logger,
    ready: () => ({
      ready: !shutdown.signal.aborted && store.isReady() && !degraded.isDegraded,
      checks: {
        draining: shutdown.signal.aborted ? "yes" : "ok",
        redis: store.isReady() ? "ok" : "not connected",
        subscription: degraded.isDegraded ? "lost" : "ok",
      },
    }),
  });
  shutdown.add("close", "admin port", () => admin.close());
  addDrain(shutdown);
  logger.info({ gatewayId, port, adminPort: admin.port }, "gateway ready");

  function addDrain(ending: Shutdown): void {
    ending.add("drain", "sockets", () =>
      drainSockets(server.sockets, config.drainMs, () => metrics.closings.inc({ code: "DRAINING" })),
    );
    ending.add("drain", "acks", () => acknowledger.idle());
    ending.add("drain", "checks", () => {
      stopStuckWatch();
      lag.close();
      return headCheck.close();
    });
    ending.add("drain", "lease", () => lease.close());
    ending.add("drain", "http", () => server.io.close());
  }
}
