import { describe, expect, it } from "@jest/globals";

import { hold } from "../support/courier.ts";
import { events } from "../support/event.ts";
import type { Harness } from "../support/harness.ts";

/** The index of users whose events nobody has acknowledged or held. */
export function describeDue({ open, raw, newUser }: Harness): void {
  describe("the due index", () => {
    it("P3 names a user once, since the first event that waits", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const before = await store.nowMs();
      await store.log.append(user, events(1));
      const sinceMs = Number(await raw().zscore(keys.due, keys.uid));
      expect(sinceMs).toBeGreaterThanOrEqual(before);
      await store.custody.postpone(keys, sinceMs + 5_000);
      await store.log.append(user, events(2));
      await expect(raw().zscore(keys.due, keys.uid)).resolves.toBe(String(sinceMs + 5_000));
    });

    it("P3 keeps a user over a partial ack, lets it go with a full one, and names it again", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const logged = await store.log.append(user, [...events(2), ...events(1, { delivery: "stream" })]);
      await store.log.ack(keys, String(logged[0]?.offset));
      await expect(raw().zscore(keys.due, keys.uid)).resolves.not.toBeNull();
      // The stream event after the last durable one needs no ack.
      await store.log.ack(keys, String(logged[1]?.offset));
      await expect(raw().zscore(keys.due, keys.uid)).resolves.toBeNull();
      await expect(raw().hexists(keys.user, "due")).resolves.toBe(0);
      await store.log.append(user, events(1));
      await expect(raw().zscore(keys.due, keys.uid)).resolves.not.toBeNull();
    });

    it("P3 forgets a user only where the hash says that nothing waits", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      await store.log.append(user, events(1));
      await store.custody.forget(keys);
      await expect(raw().zscore(keys.due, keys.uid)).resolves.not.toBeNull();
      await raw().del(keys.user);
      await store.custody.forget(keys);
      await expect(raw().zscore(keys.due, keys.uid)).resolves.toBeNull();
    });

    it("P3 lets a user go once everything durable is held, no sooner", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      await store.log.append(user, events(3));
      await hold(store, keys, 2);
      await expect(raw().zscore(keys.due, keys.uid)).resolves.not.toBeNull();
      await hold(store, keys, 2);
      await expect(raw().zscore(keys.due, keys.uid)).resolves.toBeNull();
      await store.log.append(user, events(1));
      await expect(raw().zscore(keys.due, keys.uid)).resolves.not.toBeNull();
    });

    it("lists the users of a partition longest waiting first, up to a time and a number", async () => {
      const store = await open();
      const first = store.log.keysOf(newUser());
      const { partition } = first;
      const mine = new Map([[first.uid, 5]]);
      for (let score = 1; score < 5; score++) mine.set(`uextra${score}`, score);
      for (const [uid, score] of mine) await raw().zadd(first.due, score, uid);
      const due = await store.custody.due(partition, 5, 3);
      expect(due.map((user) => [user.keys.uid, user.sinceMs])).toEqual([
        ["uextra1", 1],
        ["uextra2", 2],
        ["uextra3", 3],
      ]);
      await expect(store.custody.due(partition, 0, 10)).resolves.toEqual([]);
      expect((await store.custody.due(partition, 5, 10)).at(-1)?.keys.user).toContain(`:u:${first.uid}`);
      expect(await store.custody.countDue(partition)).toBeGreaterThanOrEqual(5);
      await expect(store.custody.oldestDueMs(partition)).resolves.toBe(1);
      await expect(store.custody.duePartitions([partition], 1)).resolves.toEqual([partition]);
      await expect(store.custody.duePartitions([partition], 0)).resolves.toEqual(raw().isCluster ? [partition] : []);
      await raw().del(first.due);
      await expect(store.custody.oldestDueMs(partition)).resolves.toBeUndefined();
    });

    it("does not name a user by putting off a look at it", async () => {
      const store = await open();
      const keys = store.log.keysOf(newUser());
      await store.custody.postpone(keys, 1);
      await expect(raw().zscore(keys.due, keys.uid)).resolves.toBeNull();
    });
  });
}
