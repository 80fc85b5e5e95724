/**
 * The neighbour: a user whose events come at a fixed rate, in a process of its own, so that nobody else's work here is
 * taken for the hub's.
 *
 * The schedule is open: an event is due whether or not the one before it has come. Its data is the time it was due, by the
 * clock that also reads the time of arrival, so that a late publisher counts as well. Samples are lines of JSON,
 * `[due, latency]` in milliseconds since 1970.
 */
import { setTimeout as delay } from "node:timers/promises";
import { createHub } from "@doorstep/agent";
import { decodeEvents } from "@doorstep/protocol";

import { connectRaw } from "../../raw-client.ts";

/** What the probe is told, as its only argument. */
export interface ProbeOrders {
  readonly redisUrl: string;
  readonly gatewayUrl: string;
  readonly userId: string;
  readonly eventsPerS: number;
}

const FLUSH_MS = 500;

const { redisUrl, gatewayUrl, userId, eventsPerS } = JSON.parse(process.argv[2] ?? "{}") as ProbeOrders;
const nowMs = (): number => performance.timeOrigin + performance.now();
const ending = new AbortController();
process.once("SIGTERM", () => ending.abort());
let samples: [number, number][] = [];
const flush = (): void => console.log(JSON.stringify({ msg: "samples", samples: samples.splice(0) }));

const hub = createHub({ redis: redisUrl, source: "urn:soak:neighbour" });
await hub.ready();
const socket = connectRaw(gatewayUrl, userId, {});
socket.on("events", (batch: unknown) => {
  const atMs = nowMs();
  for (const { data } of decodeEvents(batch)) samples.push([Number(data), atMs - Number(data)]);
});
await new Promise((resolve) => socket.once("ready", resolve));
const timer = setInterval(flush, FLUSH_MS);
console.log(JSON.stringify({ msg: "probe ready" }));

const beganAtMs = nowMs();
const pending: Promise<unknown>[] = [];
for (let n = 0; !ending.signal.aborted; n++) {
  const dueAtMs = beganAtMs + (n * 1_000) / eventsPerS;
  const waitMs = dueAtMs - nowMs();
  if (waitMs > 0) await delay(waitMs);
  pending.push(hub.publish({ userId }, "note", dueAtMs));
}
await Promise.all(pending);
clearInterval(timer);
flush();
samples = [];
socket.disconnect();
await hub.close();
