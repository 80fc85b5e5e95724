import { describe, expect, it } from "@jest/globals";

import { eventually } from "@doorstep/testkit";

import { hold } from "../support/courier.ts";
import { events } from "../support/event.ts";
import type { Harness } from "../support/harness.ts";
import { storedLog, storedOffsets } from "../support/log-view.ts";

/** Appends look at retention each time the log's count passes a multiple of this. */
const TRIM_EVERY = 32;

/** What the log keeps and what it lets go. */
export function describeRetention({ open, raw, newUser }: Harness): void {
  describe("retention", () => {
    it("P3 never trims what is neither acknowledged nor held, however much it is", async () => {
      const store = await open({ logMaxEvents: 40, logMaxAgeMs: 1 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      const offsets: string[] = [];
      for (let i = 0; i < 40; i++) {
        for (const { offset } of await store.log.append(user, events(3))) offsets.push(String(offset));
      }
      await expect(storedOffsets(raw(), keys)).resolves.toEqual(offsets);
      // Settled: the first 10. They may go, nothing after them.
      await store.log.ack(keys, String(offsets[9]));
      for (const { offset } of await store.log.append(user, events(TRIM_EVERY))) offsets.push(String(offset));
      await expect(storedOffsets(raw(), keys)).resolves.toEqual(offsets.slice(10));
      await expect(store.log.read(keys, "0-0", 1, 1)).resolves.toMatchObject({ trimmed: offsets[9] });
    });

    it("keeps the newest events for devices that resume, and tells the last offset it removed", async () => {
      const store = await open({ logMaxEvents: 40 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      const offsets: string[] = [];
      for (let i = 0; i < 4; i++) {
        for (const { offset } of await store.log.append(user, events(TRIM_EVERY))) offsets.push(String(offset));
        await store.log.ack(keys, String(offsets.at(-1)));
      }
      for (const { offset } of await store.log.append(user, events(TRIM_EVERY))) offsets.push(String(offset));
      const stored = await storedLog(raw(), keys);
      expect(stored.map((entry) => entry.offset)).toEqual(offsets.slice(-40));
      const page = await store.log.read(keys, "0-0", 1, 1);
      expect(page.trimmed).toBe(offsets.at(-41));
      expect(page.trimmed).toBe(stored[0]?.prev);
    });

    it("P3 trims just so where events come one at a time", async () => {
      const store = await open({ logMaxEvents: 10 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      const offsets: string[] = [];
      for (let i = 1; i < 2 * TRIM_EVERY; i++) {
        const [result] = await store.log.append(user, events(1));
        offsets.push(String(result?.offset));
        if (i === TRIM_EVERY) await store.log.ack(keys, String(offsets.at(-1)));
      }
      await expect(storedOffsets(raw(), keys)).resolves.toEqual(offsets);
      const [last] = await store.log.append(user, events(1));
      await expect(storedOffsets(raw(), keys)).resolves.toEqual([...offsets.slice(TRIM_EVERY), last?.offset]);
    });

    it("trims at a hold what is held and beyond retention", async () => {
      const store = await open({ logMaxEvents: 5 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      const offsets = (await store.log.append(user, events(20))).map((result) => String(result.offset));
      await hold(store, keys, 8);
      await expect(storedOffsets(raw(), keys)).resolves.toEqual(offsets.slice(8));
      await hold(store, keys, 100);
      await expect(storedOffsets(raw(), keys)).resolves.toEqual(offsets.slice(15));
      await expect(store.log.read(keys, "0-0", 1, 1)).resolves.toMatchObject({ trimmed: offsets[14], entries: [] });
    });

    it("trims by age what is settled, down to an empty log", async () => {
      const store = await open({ logMaxAgeMs: 40 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      const old = (await store.log.append(user, events(3))).map((result) => String(result.offset));
      await eventually(async () => (await store.nowMs()) > Number(old[0]?.split("-")[0]) + 45);
      const fresh = (await store.log.append(user, events(2))).map((result) => String(result.offset));
      await hold(store, keys, 2);
      await expect(storedOffsets(raw(), keys)).resolves.toEqual([old[2], ...fresh]);
      await eventually(async () => (await store.nowMs()) > Number(fresh[1]?.split("-")[0]) + 45);
      await hold(store, keys);
      await expect(storedOffsets(raw(), keys)).resolves.toEqual([]);
      await expect(store.log.read(keys, "0-0", 1, 1)).resolves.toMatchObject({ head: fresh[1], trimmed: fresh[1] });
      const [next] = await store.log.append(user, events(1));
      expect((await storedLog(raw(), keys))[0]).toMatchObject({ offset: next?.offset, prev: fresh[1] });
    });
  });
}
