import { describe, expect, it } from "@jest/globals";

import { commit, hold, holdParcel } from "../support/courier.ts";
import { event, events } from "../support/event.ts";
import type { Harness } from "../support/harness.ts";

const ALL = 1_000_000;

/** Taking undelivered events into custody. */
export function describeCustody({ open, raw, newUser }: Harness): void {
  describe("custody", () => {
    it("P3 reads what nobody acknowledged or holds, with what a parcel needs to know", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const [a, b, c] = [event(), event({ expiresInMs: 60_000 }), event({ delivery: "stream" })];
      const offsets = (await store.log.append(user, [a, b, c])).map((result) => String(result.offset));
      await store.log.ack(keys, String(offsets[0]));
      const unheld = await store.custody.unheld(keys, 10);
      expect(unheld).toMatchObject({ held: "0-0", acked: offsets[0], lastDurable: offsets[1] });
      const bytes = a.body.length + b.body.length;
      expect(unheld.events).toEqual([
        {
          offset: offsets[1],
          isDurable: true,
          expiresAtMs: b.expiresAtMs,
          totalCount: 2,
          totalBytes: bytes,
          collapseKey: "",
          body: b.body,
        },
        {
          offset: offsets[2],
          isDurable: false,
          expiresAtMs: 0,
          totalCount: 2,
          totalBytes: bytes,
          collapseKey: "",
          body: c.body,
        },
      ]);
      expect(store.custody.keysOfUid(keys.uid)).toEqual(keys);
    });

    it("P3 commits parcels one after the other, each after the one before", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const offsets = (await store.log.append(user, events(5))).map((result) => String(result.offset));
      const first = await holdParcel(store, keys, 2);
      const second = await holdParcel(store, keys, 2);
      expect(first.parcel).toMatchObject({ from: "0-0", to: offsets[1], count: 2, totalCount: 2 });
      expect(second.parcel).toMatchObject({ from: offsets[1], to: offsets[3], count: 2, totalCount: 4 });
      await expect(store.custody.unheld(keys, 10)).resolves.toMatchObject({
        held: offsets[3],
        events: [{ offset: offsets[4] }],
      });
      expect((await store.log.read(keys, "0-0", 10, ALL)).custody).toEqual([first.parcel, second.parcel]);
      await expect(store.custody.entries(keys, 1)).resolves.toEqual([first.parcel]);
      await expect(store.custody.entries(keys, 10)).resolves.toEqual([first.parcel, second.parcel]);
      await expect(store.custody.isListed(keys, first.parcel)).resolves.toBe(true);
      await expect(store.log.heads([keys])).resolves.toMatchObject([{ undelivered: 5 }]);
      expect(await raw().pttl(keys.parcels)).toBeGreaterThan(store.limits.holdMs);
    });

    it("P5 lets one of two couriers commit the same events", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      await store.log.append(user, events(2));
      const seen = await store.custody.unheld(keys, 10);
      const outcomes = await Promise.all([commit(store, keys, seen), commit(store, keys, seen)]);
      expect(outcomes.map((held) => held.outcome).sort()).toEqual(["conflict", "held"]);
      await expect(raw().llen(keys.parcels)).resolves.toBe(1);
    });

    it("P3 holds nothing that was acknowledged meanwhile, and holds the rest where it was in part", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const offsets = (await store.log.append(user, events(3))).map((result) => String(result.offset));
      const seen = await store.custody.unheld(keys, 10);
      await store.log.ack(keys, String(offsets[1]));
      await expect(commit(store, keys, seen)).resolves.toMatchObject({ outcome: "held" });
      await store.log.append(user, events(1));
      const later = await store.custody.unheld(keys, 10);
      await store.log.ack(keys, "9999999999999999-0");
      const late = await commit(store, keys, later);
      expect(late.outcome).toBe("acked");
      if (late.parcel === undefined) throw new Error("the test made no parcel");
      await expect(store.custody.isListed(keys, late.parcel)).resolves.toBe(false);
      await expect(store.log.heads([keys])).resolves.toMatchObject([{ undelivered: 0 }]);
    });

    it("moves past stream events without a parcel", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const offsets = (await store.log.append(user, [...events(3, { delivery: "stream" }), event()])).map((result) =>
        String(result.offset),
      );
      await expect(hold(store, keys, 3)).resolves.toMatchObject({ outcome: "held", parcel: undefined });
      await expect(raw().exists(keys.parcels)).resolves.toBe(0);
      await expect(store.custody.unheld(keys, 10)).resolves.toMatchObject({
        held: offsets[2],
        events: [{ offset: offsets[3] }],
      });
    });

    it("answers conflict for a user nobody published to", async () => {
      const store = await open();
      const keys = store.log.keysOf(newUser());
      await expect(store.custody.hold(keys, "0-0", "1-0")).resolves.toBe("conflict");
      await expect(store.custody.unheld(keys, 1)).resolves.toMatchObject({ held: "0-0", events: [] });
    });
  });
}
