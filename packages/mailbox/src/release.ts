/**
 * Release: parcels that an acknowledgement made unnecessary leave the queue.
 *
 * The acknowledgement itself has already taken them off the user's list, so nothing depends on success here: a job that
 * stays is an orphan, which completes without effect when it wakes.
 */
import type { UserKeys } from "@doorstep/store";

import { inLanes } from "./lane.ts";
import { type MailboxQueues, type OnError, tryQueue } from "./queue.ts";

/** Removals that are under way at once for one user. */
const LANES = 16;

/** Removes jobs and tells how many are gone; failures go to `onError`, one call each. Never rejects. */
export async function releaseParcels(
  queues: MailboxQueues,
  keys: UserKeys,
  jobIds: readonly string[],
  onError: OnError,
): Promise<number> {
  const queue = queues.of(keys.partition);
  let released = 0;
  await inLanes(jobIds, LANES, async (jobId) => {
    try {
      // 0: it is being processed right now, and completes by itself since no list names it.
      const gone = await tryQueue(() => queue.remove(jobId));
      released += gone;
    } catch (error) {
      onError(error, "release");
    }
  });
  return released;
}
