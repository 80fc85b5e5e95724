import { describe, expect, it } from "@jest/globals";
import { offsetTimeMs } from "@doorstep/protocol";
import { eventually } from "@doorstep/testkit";

import type { DueUser } from "../../src/index.ts";
import { hold, look } from "../support/courier.ts";
import { events } from "../support/event.ts";
import type { Harness } from "../support/harness.ts";

/** A due user with the id by which publishers call it. */
interface Named extends DueUser {
  readonly id: string;
}

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
      await expect(look(store, keys)).resolves.toMatchObject({ outcome: "overdue" });
      await expect(raw().zscore(keys.due, keys.uid)).resolves.not.toBeNull();
      await raw().del(keys.user);
      await expect(look(store, keys)).resolves.toMatchObject({ outcome: "settled" });
      await expect(raw().zscore(keys.due, keys.uid)).resolves.toBeNull();
    });

    it("P3 judges a page of users each for itself, in their order", async () => {
      const store = await open();
      const [settled, young, live, mute, broken] = Array.from({ length: 5 }, newUser).map((id) => ({
        id,
        keys: store.log.keysOf(id),
        sinceMs: 0,
      })) as [Named, Named, Named, Named, Named];
      for (const { id } of [young, live, mute, broken]) await store.log.append(id, events(1, { delivery: "stream" }));
      const [, old] = await store.log.append(live.id, events(2));
      for (const { id } of [mute, broken]) await store.log.append(id, events(1));
      await store.presence.renewLease("gw", 60_000, "{}");
      for (const { keys } of [live, mute]) await store.presence.connected(keys, `socket-${keys.uid}`, "gw");
      await raw().del(broken.keys.log);
      await raw().set(broken.keys.log, "not a stream");
      const terms = { graceMs: 100, livePauseMs: 5_000, liveHoldMs: 3_600_000, liveGateways: new Set(["gw", "gone"]) };
      const sinceMs = offsetTimeMs(old?.offset ?? "");
      await eventually(async () => (await store.nowMs()) > sinceMs + 1_000);
      const [late] = await store.log.append(young.id, events(1));
      const before = await store.nowMs();
      const looks = await store.custody.look([settled, young, live, broken], terms);
      expect(looks.map(({ keys, outcome }) => [keys.uid, outcome])).toEqual([
        [settled.keys.uid, "settled"],
        [young.keys.uid, "young"],
        [live.keys.uid, "live"],
        [broken.keys.uid, "failed"],
      ]);
      expect(looks.map(({ problem }) => problem)).toEqual(["", "", "", expect.stringContaining("WRONGTYPE")]);
      await expect(raw().zscore(young.keys.due, young.keys.uid)).resolves.toBe(
        String(offsetTimeMs(late?.offset ?? "")),
      );
      const nextMs = Number(await raw().zscore(live.keys.due, live.keys.uid)) + terms.graceMs;
      expect(nextMs).toBeGreaterThanOrEqual(before + 5_000);
      await expect(store.custody.look([mute], { ...terms, liveHoldMs: 500 })).resolves.toMatchObject([
        { outcome: "overdue" },
      ]);
      const elsewhere = { ...terms, liveGateways: new Set(["gone"]) };
      await expect(store.custody.look([mute], elsewhere)).resolves.toMatchObject([{ outcome: "overdue" }]);
      await raw().del(broken.keys.log);
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
      const due = await store.custody.due([partition], 5, 3);
      expect(due.map((user) => [user.keys.uid, user.sinceMs])).toEqual([
        ["uextra1", 1],
        ["uextra2", 2],
        ["uextra3", 3],
      ]);
      await expect(store.custody.due([partition], 0, 10)).resolves.toEqual([]);
      expect((await store.custody.due([partition], 5, 10)).at(-1)?.keys.user).toContain(`:u:${first.uid}`);
      const everywhere = Array.from({ length: store.partitions }, (_, index) => index);
      await expect(store.custody.waiting([partition])).resolves.toEqual({ users: expect.any(Number), sinceMs: 1 });
      const { users } = await store.custody.waiting([partition]);
      expect(users).toBeGreaterThanOrEqual(5);
      const hub = await store.custody.waiting(everywhere);
      expect(hub.sinceMs).toBe(1);
      expect(hub.users).toBeGreaterThanOrEqual(users);
      const all = await store.custody.due(everywhere, 3, 100);
      expect(all.map(({ sinceMs }) => sinceMs)).toEqual([1, 2, 3]);
      await expect(store.custody.due(everywhere, 3, 2)).resolves.toHaveLength(2);
      await raw().del(first.due);
      await expect(store.custody.waiting([partition])).resolves.toEqual({ users: 0, sinceMs: Infinity });
    });

    it("does not name a user by putting off a look at it", async () => {
      const store = await open();
      const keys = store.log.keysOf(newUser());
      await store.custody.postpone(keys, 1);
      await expect(raw().zscore(keys.due, keys.uid)).resolves.toBeNull();
    });
  });
}
