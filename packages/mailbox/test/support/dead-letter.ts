/** Dead letters as a courier makes them, without one. */
import { eventually } from "@doorstep/testkit";
import { deadLetterId } from "../../src/dead-letter.ts";
import { createExpiry } from "../../src/expiry.ts";
import { holdUser } from "../../src/hold.ts";
import { parcelEntry } from "../../src/parcel.ts";
import { type Draft, type TestHub } from "./hub.ts";

/** Publishes events that expire at once, holds them and lets them expire; returns the ids of the dead letters, oldest first. */
export async function makeLetters(hub: TestHub, userId: string, drafts: readonly Draft[]): Promise<string[]> {
  await hub.publish(
    userId,
    drafts.map((draft) => ({ ...draft, expiresInMs: 1 })),
  );
  await holdUser(hub, hub.store.log.keysOf(userId));
  const ids: string[] = [];
  for (const job of await hub.jobs()) {
    await eventually(async () => (await hub.store.nowMs()) >= job.data.deadlineMs, { intervalMs: 1 });
    await createExpiry(hub)(job);
    await job.remove();
    ids.push(deadLetterId(parcelEntry(job.data).jobId));
  }
  return ids;
}
