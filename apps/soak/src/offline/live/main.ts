/**
 * Live users: each has a socket, and their events come at a fixed rate, one user after the other.
 *
 * The schedule is open: an event is due whether or not the one before it has come. Its data is the time it was due, by the
 * clock that also reads the time of arrival, so that a late publisher counts as well. Reports are samples, `[due, latency]`
 * in milliseconds since 1970.
 */
import { setTimeout as delay } from "node:timers/promises";
import { createHub } from "@doorstep/agent";
import { decodeEvents } from "@doorstep/protocol";
import type { Socket } from "socket.io-client";

import { connectRaw } from "../../raw-client.ts";
import { SOURCE } from "../note.ts";

/** What it is told, as its only argument. */
export interface LiveOrders {
  readonly redisUrl: string;
  readonly gatewayUrl: string;
  readonly users: number;
  /** Of all together. */
  readonly eventsPerS: number;
}

const FLUSH_MS = 500;

const { redisUrl, gatewayUrl, users, eventsPerS } = JSON.parse(process.argv[2] ?? "{}") as LiveOrders;
const nowMs = (): number => performance.timeOrigin + performance.now();
const ending = new AbortController();
process.once("SIGTERM", () => ending.abort());
const samples: [number, number][] = [];
const flush = (): void => console.log(JSON.stringify({ msg: "report", samples: samples.splice(0) }));

const hub = createHub({ redis: redisUrl, source: SOURCE });
await hub.ready();
const sockets: Socket[] = [];
// One after the other: a gateway that is too busy refuses handshakes.
for (let index = 0; index < users; index++) {
  const socket = connectRaw(gatewayUrl, `live-${index}`, {});
  sockets.push(socket);
  socket.on("events", (batch: unknown) => {
    const atMs = nowMs();
    for (const { data } of decodeEvents(batch)) samples.push([Number(data), atMs - Number(data)]);
  });
  await new Promise((resolve) => socket.once("ready", resolve));
}
const timer = setInterval(flush, FLUSH_MS);
console.log(JSON.stringify({ msg: "ready" }));

const beganAtMs = nowMs();
const pending = new Set<Promise<unknown>>();
for (let n = 0; !ending.signal.aborted; n++) {
  const dueAtMs = beganAtMs + (n * 1_000) / eventsPerS;
  const waitMs = dueAtMs - nowMs();
  if (waitMs > 0) await delay(waitMs);
  const publishing = hub.publish({ userId: `live-${n % users}` }, "note", dueAtMs);
  pending.add(publishing);
  void publishing.then(() => pending.delete(publishing));
}
await Promise.all(pending);
clearInterval(timer);
flush();
for (const socket of sockets) socket.disconnect();
await hub.close();
