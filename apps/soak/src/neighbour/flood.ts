/** Publishing much to one user, at a rate that is kept whatever a single answer takes. */
import { setTimeout as delay } from "node:timers/promises";
import type { Hub } from "@doorstep/agent";

/** What to publish. */
export interface Flood {
  readonly count: number;
  readonly eventBytes: number;
  readonly eventsPerS: number;
}

const TICK_MS = 5;
/** Few, since Redis serves nobody else while it takes one append. */
const MOST_AT_ONCE = 4;

/** Publishes numbered events; resolves once all are in the log, throws what a publish was refused with. */
export async function publishAtRate(hub: Hub, userId: string, { count, eventBytes, eventsPerS }: Flood): Promise<void> {
  const pad = "x".repeat(eventBytes);
  const beganAtMs = performance.now();
  for (let sent = 0; sent < count;) {
    const due = Math.min(count, Math.ceil(((performance.now() - beganAtMs) * eventsPerS) / 1_000));
    const size = Math.min(due - sent, MOST_AT_ONCE);
    const items = Array.from({ length: size }, (_, index) => ({
      to: { userId },
      type: "note",
      data: { n: sent + index, pad },
    }));
    for (const { error } of await hub.publishMany(items)) if (error !== undefined) throw error;
    sent += size;
    if (sent >= due) await delay(TICK_MS);
  }
}
