/** Batches: which users one script call may ask about. In a Cluster a call touches one slot, so one partition. */
import type { UserKeys } from "./user-key.ts";

/** Users of one call: a master answers nobody else meanwhile, for a good third of a millisecond. */
const MOST_USERS = 256;

/** Splits users into batches of at most so many: of one partition each in a Cluster, else across all. */
export function batchUsers<T extends { readonly keys: UserKeys }>(
  users: Iterable<T>,
  isCluster: boolean,
  most = MOST_USERS,
): T[][] {
  const open = new Map<number, T[]>();
  const batches: T[][] = [];
  for (const user of users) {
    const group = isCluster ? user.keys.partition : 0;
    let batch = open.get(group);
    if (batch === undefined || batch.length === most) {
      batch = [];
      open.set(group, batch);
      batches.push(batch);
    }
    batch.push(user);
  }
  return batches;
}
