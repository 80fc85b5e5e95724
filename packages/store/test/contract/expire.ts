import { describe, expect, it } from "@jest/globals";

import type { CustodyEntry, ParcelEntry, Store, UserKeys } from "../../src/index.ts";
import { holdParcel } from "../support/courier.ts";
import { events } from "../support/event.ts";
import type { Harness } from "../support/harness.ts";
import { storedOffsets } from "../support/log-view.ts";

const ALL = 1_000_000;

interface Parcelled {
  readonly offsets: readonly string[];
  /** In log order, two events each. */
  readonly parcels: readonly ParcelEntry[];
  /** Expires a parcel by its place. */
  readonly expire: (place: number, reason?: "expired" | "dropped") => Promise<boolean>;
}

/** Ending parcels whose time has come. */
export function describeExpire({ open, raw, newUser }: Harness): void {
  const parcelled = async (store: Store, keys: UserKeys, user: string, parcelCount: number): Promise<Parcelled> => {
    const logged = await store.log.append(user, events(parcelCount * 2));
    const held: Awaited<ReturnType<typeof holdParcel>>[] = [];
    while (held.length < parcelCount) held.push(await holdParcel(store, keys, 2));
    return {
      offsets: logged.map((result) => String(result.offset)),
      parcels: held.map(({ parcel }) => parcel),
      expire: async (place, reason = "expired") => {
        const one = held[place];
        if (one === undefined) throw new RangeError(`there is no parcel ${place}`);
        return store.custody.expire(keys, one.parcel, reason, one.offsets);
      },
    };
  };
  const custodyOf = async (store: Store, keys: UserKeys): Promise<readonly CustodyEntry[]> =>
    (await store.log.read(keys, "0-0", 1, ALL)).custody;
  const undelivered = async (store: Store, keys: UserKeys): Promise<number | undefined> =>
    (await store.log.heads([keys]))[0]?.undelivered;

  describe("expire", () => {
    it("P3 leaves a tombstone in the parcel's place, once, and takes its events from log and count", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const { offsets, parcels, expire } = await parcelled(store, keys, user, 3);
      await expect(expire(1)).resolves.toBe(true);
      await expect(expire(1)).resolves.toBe(false);
      const tombstone = { kind: "tombstone", from: offsets[1], to: offsets[3], reason: "expired", count: 2 };
      await expect(custodyOf(store, keys)).resolves.toEqual([parcels[0], tombstone, parcels[2]]);
      await expect(storedOffsets(raw(), keys)).resolves.toEqual([offsets[0], offsets[1], offsets[4], offsets[5]]);
      await expect(undelivered(store, keys)).resolves.toBe(4);
    });

    it.each([
      ["in order", [0, 1, 2]],
      ["backwards", [2, 1, 0]],
      ["the middle last", [0, 2, 1]],
    ])("makes one tombstone of neighbours that expire %s", async (_, order) => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const { offsets, parcels, expire } = await parcelled(store, keys, user, 4);
      for (const place of order) await expire(place);
      await expect(custodyOf(store, keys)).resolves.toEqual([
        { kind: "tombstone", from: "0-0", to: offsets[5], reason: "expired", count: 6 },
        parcels[3],
      ]);
      await expect(undelivered(store, keys)).resolves.toBe(2);
      await expect(store.log.ack(keys, String(offsets[7]))).resolves.toMatchObject({ count: 2 });
      await expect(undelivered(store, keys)).resolves.toBe(0);
    });

    it("P10 keeps tombstones of different reasons apart", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const { expire } = await parcelled(store, keys, user, 2);
      await expire(0);
      await expire(1, "dropped");
      expect(await custodyOf(store, keys)).toMatchObject([
        { reason: "expired", count: 2 },
        { reason: "dropped", count: 2 },
      ]);
    });

    it("P3 does nothing to a parcel that was acknowledged", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const { offsets, expire } = await parcelled(store, keys, user, 2);
      await store.log.ack(keys, String(offsets[1]));
      await expect(expire(0)).resolves.toBe(false);
      await expect(undelivered(store, keys)).resolves.toBe(2);
      await expect(storedOffsets(raw(), keys)).resolves.toEqual(offsets);
    });

    it("P3 counts exactly where a later parcel expires before an earlier one is acknowledged", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const { offsets, expire } = await parcelled(store, keys, user, 3);
      await expire(1);
      await expect(undelivered(store, keys)).resolves.toBe(4);
      await expect(store.log.ack(keys, String(offsets[1]))).resolves.toMatchObject({ count: 2 });
      await expect(undelivered(store, keys)).resolves.toBe(2);
      await expect(store.log.ack(keys, String(offsets[4]))).resolves.toMatchObject({ count: 1 });
      await expect(undelivered(store, keys)).resolves.toBe(1);
    });

    it("P3 counts exactly where part of the expired parcel was acknowledged", async () => {
      const store = await open({ mailboxMaxEvents: 6 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      const { offsets, expire } = await parcelled(store, keys, user, 3);
      await store.log.ack(keys, String(offsets[0]));
      await expire(0);
      await expect(undelivered(store, keys)).resolves.toBe(4);
      await expect(store.log.append(user, events(3))).rejects.toMatchObject({ code: "MAILBOX_FULL" });
      await store.log.append(user, events(2));
    });

    it("P8 makes room in bytes for what expired, until its tombstone is acknowledged and after", async () => {
      const [one] = events(1, { data: "x".repeat(500) });
      const store = await open({ mailboxMaxBytes: Number(one?.body.length) * 5 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      const large = { data: "x".repeat(480) };
      await store.log.append(user, events(4, large));
      const { parcel, offsets } = await holdParcel(store, keys, 2);
      await expect(store.log.append(user, events(3, large))).rejects.toMatchObject({ code: "MAILBOX_FULL" });
      await store.custody.expire(keys, parcel, "expired", offsets);
      await store.log.append(user, events(3, large));
      await expect(store.log.append(user, events(1, large))).rejects.toMatchObject({ code: "MAILBOX_FULL" });
      await store.log.ack(keys, parcel.to);
      await expect(store.log.append(user, events(1, large))).rejects.toMatchObject({ code: "MAILBOX_FULL" });
    });

    it("takes a parcel whose events the log no longer has", async () => {
      const store = await open({ logMaxEvents: 1 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      const { parcels } = await parcelled(store, keys, user, 2);
      const [first] = parcels;
      if (first === undefined) throw new Error("no parcel");
      await expect(store.custody.expire(keys, first, "expired", [])).resolves.toBe(true);
      await expect(undelivered(store, keys)).resolves.toBe(2);
    });
  });
}
