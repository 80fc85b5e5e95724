/**
 * An MQTT broker: Aedes as its documentation has it for a cluster on Redis and for WebSockets. Browsers come by WebSocket,
 * publishers by MQTT over TCP.
 *
 * Two settings differ from the defaults, in its favour: a client that comes back gets all that waits for it and not the first
 * 1,000, and a Redis that is gone for a while is no reason to end. It believes the client id it is told.
 */
import { type EventEmitter, once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { Aedes } from "aedes";
import createPersistence from "aedes-persistence-redis";
import createEmitter from "mqemitter-redis";
import { createWebSocketStream, WebSocketServer } from "ws";

import type { BrokerOrders } from "./start.ts";

const HOST = "127.0.0.1";
const MOST_WAITING = 100_000;

const { redisUrl, webSocketPort, mqttPort } = JSON.parse(process.argv[2] ?? "{}") as BrokerOrders;
const { hostname, port } = new URL(redisUrl);
const redis = { host: hostname, port: Number(port) };
const mq = createEmitter({ ...redis, matchEmptyLevels: true });
const broker = await Aedes.createBroker({
  mq,
  persistence: createPersistence({ ...redis, maxSessionDelivery: MOST_WAITING }),
});
// Neither is in the types.
for (const emitter of [broker, (mq as typeof mq & { state: EventEmitter }).state] as EventEmitter[]) {
  emitter.on("error", (error) => console.error(String(error)));
}

const httpServer = createHttpServer();
const webSocketServer = new WebSocketServer({ server: httpServer });
webSocketServer.on("connection", (socket, request) => {
  broker.handle(createWebSocketStream(socket), request);
});
const tcpServer = createTcpServer((socket) => {
  broker.handle(socket);
});
httpServer.listen(webSocketPort, HOST);
tcpServer.listen(mqttPort, HOST);
await Promise.all([once(httpServer, "listening"), once(tcpServer, "listening")]);
console.log(JSON.stringify({ msg: "ready" }));
process.once("SIGTERM", () => process.exit());
