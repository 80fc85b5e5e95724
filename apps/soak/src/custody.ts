/** Whether couriers do their work: the promises hold without them for a while, so no history tells. */
import { compareOffsets, maxOffset, type Offset } from "@doorstep/protocol";
import { eventually } from "@doorstep/testkit";

import type { History } from "./history.ts";
import type { SoakHub } from "./hub.ts";

const PATIENCE_MS = 15_000;

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
