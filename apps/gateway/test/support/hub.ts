/**
 * A hub with a real Redis below and a real Socket.IO server above, without the rest of a gateway, so that a test can stand
 * between Redis' push and the hub, and look at the hub's side of a socket.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createRegistry, defineMetrics } from "@doorstep/runtime";
import type { PushMessage, StoreLimits } from "@doorstep/store";
import { type CleanUp, eventually } from "@doorstep/testkit";
import { Server } from "socket.io";
import type { GatewayServer } from "../../src/connect/socket.ts";
import { CatchUp } from "../../src/delivery/catch-up.ts";
import { Hub } from "../../src/delivery/hub.ts";
import { pingBudgetFor } from "../../src/delivery/ping-marks.ts";
import { UserSocket } from "../../src/delivery/user-socket.ts";
import { type GatewayMetrics, METRICS } from "../../src/metric.ts";
import { connectClient, type TestClient } from "./client.ts";
import { openTestStore, type TestStore } from "./store.ts";

/** Takes a push from Redis; the hub gets it when `deliver` is called, as often as it is. */
export type PushGate = (deliver: (push?: PushMessage) => void, push: PushMessage) => void;

export interface TestHub extends TestStore {
  readonly hub: Hub;
  readonly metrics: GatewayMetrics;
  /** Stands between Redis and the hub. @default lets everything pass */
  gate: PushGate;
  /** Connects a device of a user and returns both ends; resolves once the hub has it. */
  connect(userId: string, start?: string): Promise<{ client: TestClient; delivery: UserSocket }>;
}

export interface TestHubOptions {
  readonly limits?: Partial<StoreLimits>;
  readonly socketBudgetBytes?: number;
}

/** Starts one. */
export async function startTestHub(cleanUp: CleanUp, url: string, options: TestHubOptions = {}): Promise<TestHub> {
  const opened = await openTestStore(cleanUp, url, options.limits);
  const { store, mailbox } = opened;
  const metrics = defineMetrics(createRegistry(), METRICS);
  const subscriber = await store.openSubscriber({
    onPush: (channel, push) => test.gate((other = push) => hub.push(channel, other), push),
    onMalformed: () => metrics.pushMessages.inc({ kind: "malformed" }),
    onLost: () => undefined,
    onRestored: () => undefined,
    onMark: () => undefined,
  });
  const hub = new Hub({
    store,
    subscriber,
    catchUp: new CatchUp(store, mailbox),
    metrics,
    socketBudgetBytes: options.socketBudgetBytes ?? 1_048_576,
    onReady: ({ socket, offset, replayed, clientId, isRecovered: recovered }) =>
      socket.emit("ready", { clientId, offset, replayed, recovered, gateway: "test" }),
    onFirstPage: () => undefined,
  });

  const httpServer = createServer();
  const io: GatewayServer = new Server(httpServer, { transports: ["websocket"], perMessageDeflate: false });
  cleanUp.add(() => io.close());
  const deliveries = new Map<string, UserSocket>();
  io.on("connection", (socket) => {
    const { userId, start } = socket.handshake.auth as { userId: string; start: string };
    const user = hub.join(store.log.keysOf(userId));
    const pingBudget = pingBudgetFor(store.limits);
    const delivery = new UserSocket(socket, user, { ackMode: "manual", clientId: socket.id, start, pingBudget });
    deliveries.set(socket.id, delivery);
    socket.conn.transport.on("drain", () => hub.drained(delivery));
    socket.on("disconnect", () => hub.detach(delivery));
    void hub.attach(delivery);
  });
  await new Promise<void>((resolve) => {
    httpServer.listen(0, "127.0.0.1", resolve);
  });
  const { port } = httpServer.address() as AddressInfo;

  const test: TestHub = {
    ...opened,
    hub,
    metrics,
    gate: (deliver) => deliver(),
    connect: async (userId, start = "acked") => {
      const client = connectClient(cleanUp, `http://127.0.0.1:${port}`, { userId, start });
      const delivery = await eventually(() => deliveries.get(client.socket.id ?? "") ?? null, { intervalMs: 5 });
      return { client, delivery };
    },
  };
  return test;
}
