/**
 * The crowd: all users who were away come back in the same moment and read what waits for them. It reports once the last of
 * them has everything, or its patience ends, and goes.
 */
import { setTimeout as delay } from "node:timers/promises";
import { quantile } from "@doorstep/testkit";

import type { Away } from "../away.ts";
import { Reader } from "../reader.ts";

/** What the crowd is told, as its only argument. */
export interface CrowdOrders {
  readonly gatewayUrl: string;
  readonly away: Away;
}

const PATIENCE_MS = 180_000;
const POLL_MS = 10;

const { gatewayUrl, away } = JSON.parse(process.argv[2] ?? "{}") as CrowdOrders;
const seconds: number[] = [];
let beganAtMs = 0;
const elapsedMs = (): number => performance.now() - beganAtMs;
const readers = Array.from({ length: away.users }, (_, index) => {
  const onComplete = (): void => void seconds.push(elapsedMs() / 1_000);
  return new Reader({ url: gatewayUrl, userId: `${away.prefix}${index}`, count: away.eventsEach, onComplete });
});
console.log(JSON.stringify({ msg: "ready" }));

beganAtMs = performance.now();
for (const reader of readers) reader.connect();
while (seconds.length < readers.length && elapsedMs() < PATIENCE_MS) await delay(POLL_MS);

const total = (of: (reader: Reader) => number): number => readers.reduce((sum, reader) => sum + of(reader), 0);
console.log(
  JSON.stringify({
    msg: "report",
    p50S: quantile(seconds, 0.5),
    p99S: quantile(seconds, 0.99),
    lastS: seconds.at(-1),
    incomplete: readers.length - seconds.length,
    faults: total(({ faults }) => faults),
    gaps: total(({ gaps }) => gaps),
    retries: total(({ retries }) => retries),
  }),
);
for (const reader of readers) reader.close();
