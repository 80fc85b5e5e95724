/**
 * The publisher: numbered events to users who are away, one user after the other, at a rate that is kept whatever a single
 * answer takes. It reports how many seconds that took, and ends.
 */
import { setTimeout as delay } from "node:timers/promises";
import { createHub } from "@doorstep/agent";

import type { Away } from "../away.ts";
import { createNote, SOURCE } from "../note.ts";

/** What the publisher is told, as its only argument. */
export interface PublisherOrders {
  readonly redisUrl: string;
  readonly away: Away;
  readonly logMaxEvents: number;
}

const TICK_MS = 5;
/** At most, since Redis serves what comes together without a break. */
const MOST_AT_ONCE = 50;

const { redisUrl, away, logMaxEvents } = JSON.parse(process.argv[2] ?? "{}") as PublisherOrders;
const { users, eventsEach, eventsPerS } = away;
const hub = createHub({ redis: redisUrl, source: SOURCE, limits: { logMaxEvents } });
await hub.ready();
console.log(JSON.stringify({ msg: "ready" }));

const count = users * eventsEach;
const beganAtMs = performance.now();
const elapsedS = (): number => (performance.now() - beganAtMs) / 1_000;
for (let sent = 0; sent < count;) {
  const due = Math.min(count, Math.ceil(elapsedS() * eventsPerS));
  const size = Math.min(due - sent, MOST_AT_ONCE);
  const items = Array.from({ length: size }, (_, index) => {
    const n = sent + index;
    return createNote(`${away.prefix}${n % users}`, Math.floor(n / users));
  });
  for (const { error } of await hub.publishMany(items)) if (error !== undefined) throw error;
  sent += size;
  if (sent >= due) await delay(TICK_MS);
}
console.log(JSON.stringify({ msg: "report", seconds: elapsedS() }));
await hub.close();
