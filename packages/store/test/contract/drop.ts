import { describe, expect, it } from "@jest/globals";

import { holdParcel, look } from "../support/courier.ts";
import { event, events } from "../support/event.ts";
import { bodyOf } from "../../src/index.ts";
import type { Harness } from "../support/harness.ts";
import { storedOffsets } from "../support/log-view.ts";

/** A full mailbox whose policy is to let the oldest go. */
export function describeDrop({ open, raw, newUser }: Harness): void {
  describe("append to a full mailbox with the policy drop_oldest", () => {
    const limits = { mailboxMaxEvents: 10, mailboxPolicy: "drop_oldest" } as const;

    it("P8 P10 lets the oldest go, parcels first, and leaves a tombstone with their number", async () => {
      const store = await open(limits);
      const user = newUser();
      const keys = store.log.keysOf(user);
      const results = await store.log.append(user, events(10));
      const { parcel } = await holdParcel(store, keys, 4);
      const [late] = await store.log.append(user, events(1));
      const page = await store.log.read(keys, "acked", 100, 100_000);
      expect(page.custody).toEqual([
        { kind: "tombstone", from: parcel.from, to: parcel.to, reason: "overflow", count: 4 },
      ]);
      expect(page.entries.map(({ offset }) => offset)).toEqual([...results.slice(4), late].map((r) => r?.offset));
      await expect(store.log.heads([keys])).resolves.toMatchObject([{ undelivered: 7 }]);
      // The courier learns which job nobody needs any more.
      await expect(look(store, keys)).resolves.toMatchObject({ outcome: "overdue", hasLitter: true });
      await expect(store.custody.litter(keys)).resolves.toEqual([parcel.jobId]);
      await store.custody.clearLitter(keys, 1);
      await expect(store.custody.litter(keys)).resolves.toEqual([]);
      await expect(look(store, keys)).resolves.toMatchObject({ outcome: "overdue", hasLitter: false });
    });

    it("P8 goes on past parcels into the log, as often as need be, and keeps one tombstone and the right count", async () => {
      const store = await open(limits);
      const user = newUser();
      const keys = store.log.keysOf(user);
      const offsets: (string | null | undefined)[] = [];
      for (let n = 0; n < 35; n++) offsets.push((await store.log.append(user, [event()]))[0]?.offset);
      const page = await store.log.read(keys, "acked", 100, 100_000);
      const [tombstone] = page.custody;
      expect(page.custody).toMatchObject([{ kind: "tombstone", from: "0-0", reason: "overflow" }]);
      const kept = page.entries.map(({ offset }) => offset);
      expect(kept).toEqual(offsets.slice(35 - kept.length));
      expect(tombstone).toMatchObject({ to: offsets.at(-kept.length - 1), count: 35 - kept.length });
      await expect(store.log.heads([keys])).resolves.toMatchObject([{ undelivered: kept.length }]);
      expect(kept.length).toBeGreaterThan(8);
      // An ack of it all counts what waited, and the mailbox is empty.
      await expect(store.log.ack(keys, String(offsets.at(-1)))).resolves.toMatchObject({ count: kept.length });
      await expect(store.log.heads([keys])).resolves.toMatchObject([{ undelivered: 0 }]);
      await expect(raw().zscore(keys.due, keys.uid)).resolves.toBeNull();
    });

    it("P8 keeps to the bytes too, and refuses what would not fit into an empty mailbox", async () => {
      const store = await open({ ...limits, mailboxMaxBytes: 1_000 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      for (let n = 0; n < 8; n++) await store.log.append(user, [event({ data: "x".repeat(200) })]);
      const page = await store.log.read(keys, "acked", 100, 100_000);
      expect(page.entries.reduce((sum, entry) => sum + bodyOf(entry).length, 0)).toBeLessThanOrEqual(1_000);
      expect(page.custody).toMatchObject([{ reason: "overflow", count: 8 - page.entries.length }]);
      const full = { code: "MAILBOX_FULL" };
      await expect(store.log.append(user, [event({ data: "x".repeat(1_000) })])).rejects.toMatchObject(full);
      await expect(store.log.append(user, events(11))).rejects.toMatchObject(full);
      await expect(storedOffsets(raw(), keys)).resolves.toHaveLength(page.entries.length);
    });

    it("tells whoever opened the store how many went", async () => {
      const store = await open({ ...limits, mailboxMaxEvents: 1 });
      const user = newUser();
      await store.log.append(user, events(1));
      await store.log.append(user, events(1));
      await expect(store.log.heads([store.log.keysOf(user)])).resolves.toMatchObject([{ undelivered: 1 }]);
    });
  });
}
