/** Whether couriers do their work: the promises hold without them for a while, so no history tells. */
import { compareOffsets, maxOffset, type Offset } from "@doorstep/protocol";
import { queuePrefix } from "@doorstep/store";
import { eventually } from "@doorstep/testkit";

import type { History } from "./history.ts";
import type { SoakHub } from "./hub.ts";

/** More than a job waits for its commit, and than a sweep takes. */
const PATIENCE_MS = 15_000;
/** More than a user has here. */
const ALL_ENTRIES = 10_000;
const DELAYED_JOBS = `${queuePrefix("mb0")}:mailbox:delayed`;

/** Waits until all that is logged of these users now is held or acknowledged; complains where it takes too long. */
export async function untilHeld({ store }: SoakHub, users: readonly string[], history: History): Promise<void> {
  const { custody, log } = store;
  const waiting = new Map<string, Offset>();
  for (const userId of users) waiting.set(userId, (await custody.unheld(log.keysOf(userId), 1)).lastDurable);
  const areHeld = async (): Promise<boolean> => {
    for (const [userId, offset] of waiting) {
      const { held, acked } = await custody.unheld(log.keysOf(userId), 1);
      if (compareOffsets(maxOffset(held, acked), offset) >= 0) waiting.delete(userId);
    }
    return waiting.size === 0;
  };
  await eventually(areHeld, { timeoutMs: PATIENCE_MS, intervalMs: 100 }).catch(() =>
    history.complain(`no courier held what waits of ${[...waiting.keys()].join(", ")} within ${PATIENCE_MS} ms`),
  );
}

/**
 * Waits until every parcel's job that no ack released is named by a user's list; complains where one is left. A job that a
 * killed courier stored and did not commit is there for seconds, until it wakes and ends.
 */
export async function untilNoOrphans({ store }: SoakHub, users: readonly string[], history: History): Promise<void> {
  const redis = await store.openConnection("command");
  let orphans: string[] = [];
  const areGone = async (): Promise<boolean> => {
    // Jobs first: one that is committed in between is then in the list.
    const jobs = await redis.zrange(DELAYED_JOBS, "0", "-1");
    orphans = [];
    for (const userId of users) {
      const keys = store.log.keysOf(userId);
      const own = jobs.filter((jobId) => jobId.startsWith(`${keys.uid}.`));
      const entries = await store.custody.entries(keys, ALL_ENTRIES);
      const { acked } = await store.custody.unheld(keys, 1);
      const listed = new Set(entries.map((entry) => (entry.kind === "parcel" ? entry.jobId : "")));
      const isReleased = (jobId: string): boolean => compareOffsets(jobId.split(".").at(-1) ?? "", acked) <= 0;
      orphans.push(...own.filter((jobId) => !listed.has(jobId) && !isReleased(jobId)));
    }
    return orphans.length === 0;
  };
  await eventually(areGone, { timeoutMs: PATIENCE_MS, intervalMs: 200 }).catch(() =>
    history.complain(`no list names these jobs after ${PATIENCE_MS} ms: ${orphans.join(", ")}`),
  );
}
