/** Fills the mailboxes of users who are away, by a publisher in a process of its own. */
import { programPath, runActor } from "@doorstep/testkit";

import { type Away, eventsOf } from "./away.ts";
import { untilHeld } from "./backlog.ts";
import type { OfflineHub } from "./hub.ts";
import type { PublisherOrders } from "./publisher/main.ts";

/** Publishes everything and tells the events per second that were reached. */
export async function publish({ redis, cleanUp, logMaxEvents }: OfflineHub, away: Away): Promise<number> {
  const orders: PublisherOrders = { redisUrl: redis.url, away, logMaxEvents };
  const { seconds } = await runActor({
    name: "publisher",
    script: programPath("soak", "offline/publisher/main.js"),
    orders,
    cleanUp,
  });
  return eventsOf(away) / Number(seconds);
}

/** Publishes everything and waits until it is in parcels; a courier has to run. */
export async function fill(hub: OfflineHub, away: Away): Promise<void> {
  await publish(hub, away);
  await untilHeld(hub.store, away);
}
