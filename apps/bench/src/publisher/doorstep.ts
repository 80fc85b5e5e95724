/** Publishes as agents do: one `publish` an event, and the SDK puts together what it can. */
import { createHub } from "@doorstep/agent";

import type { Publisher } from "./publisher.ts";

export async function connectDoorstep(redisUrl: string): Promise<Publisher> {
  const hub = createHub({ redis: redisUrl, source: "urn:bench" });
  await hub.ready();
  return {
    publish: (userId, body) => hub.publish({ userId }, "note", body),
    close: () => hub.close(),
  };
}
