/** Publishes as agents do: one `publish` an event, and the SDK puts together what it can; text through a run's message. */
import { createHub, type Hub } from "@doorstep/agent";

import type { Publisher, Text } from "./publisher.ts";

export async function connectDoorstep(redisUrl: string): Promise<Publisher> {
  const hub = createHub({ redis: redisUrl, source: "urn:bench" });
  await hub.ready();
  return {
    publish: (userId, body) => hub.publish({ userId }, "note", body),
    openText: (userId) => openText(hub, userId),
    close: () => hub.close(),
  };
}

/** Resolves once the run has started. */
function openText(hub: Hub, userId: string): Promise<Text> {
  return new Promise((resolve, reject) => {
    const ended = hub.run({ userId, threadId: "tokens", agentName: "bench" }, async (run) => {
      const message = run.message();
      await new Promise<void>((end) => {
        resolve({
          write: (token) => void message.write(token),
          async end() {
            // What still waits for its window goes out as a delta, not within the completed message alone.
            await run.flush();
            end();
            await ended;
          },
        });
      });
    });
    ended.catch(reject);
  });
}
