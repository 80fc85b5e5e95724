/** The truth to compare devices with: a user's log as Redis has it. */
import type { Store } from "@doorstep/store";
import type { Offset } from "@doorstep/protocol";

/** All offsets in a user's log, in order. */
export async function readLog(store: Store, userId: string): Promise<Offset[]> {
  const keys = store.log.keysOf(userId);
  const offsets: Offset[] = [];
  for (let after: Offset = "0-0"; ;) {
    const page = await store.log.read(keys, after, 1_000, 1_000_000);
    if (page.entries.length === 0) return offsets;
    offsets.push(...page.entries.map((entry) => entry.offset));
    after = offsets.at(-1) ?? after;
  }
}
