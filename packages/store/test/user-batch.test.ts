import { expect, it } from "@jest/globals";

import { batchUsers } from "../src/user-batch.ts";
import { keysOfUid } from "../src/user-key.ts";

const users = Array.from({ length: 600 }, (_, i) => ({ keys: keysOfUid(`u${i}`, 8) }));

it("puts users of all partitions together, but not too many of them", () => {
  const batches = batchUsers(users, false);
  expect(batches.map(({ length }) => length)).toEqual([256, 256, 88]);
  expect(batches.flat()).toEqual(users);
});

it("keeps to one partition a batch in a Cluster, with each user in one of them", () => {
  const batches = batchUsers(users, true);
  for (const batch of batches) expect(new Set(batch.map(({ keys }) => keys.partition)).size).toBe(1);
  expect(batches).toHaveLength(8);
  expect(new Set(batches.flat())).toEqual(new Set(users));
});
