import { describe, expect, it } from "@jest/globals";

import { holdParcel } from "../support/courier.ts";
import { event, events } from "../support/event.ts";
import { bodyOf } from "../../src/index.ts";
import type { Harness } from "../support/harness.ts";

const ALL_BYTES = 1_000_000;

/** Reading pages, and asking where users stand. */
export function describeRead({ open, newUser, newNeighbours }: Harness): void {
  describe("read", () => {
    it("P2 gives the events after an offset in order, page by page", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const published = events(100, { data: "é" });
      const offsets = (await store.log.append(user, published)).map((result) => String(result.offset));
      const seen: string[] = [];
      const bodies: string[] = [];
      let after = "0-0";
      for (let page = 0; page < 3; page++) {
        const { head, entries } = await store.log.read(keys, after, 40, ALL_BYTES);
        expect(head).toBe(offsets[99]);
        for (const entry of entries) {
          seen.push(entry.offset);
          bodies.push(bodyOf(entry));
        }
        after = seen.at(-1) ?? after;
      }
      expect(seen).toEqual(offsets);
      expect(bodies).toEqual(published.map((e) => e.body));
      await expect(store.log.read(keys, after, 40, ALL_BYTES)).resolves.toMatchObject({ entries: [], custody: [] });
    });

    it("P8 bounds a page in bytes, but gives at least one event", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const one = event({ data: "x".repeat(1_000) });
      await store.log.append(user, [one, ...events(9, { data: "x".repeat(1_000) })]);
      const sizes = [1, one.body.length * 3 + 20].map((maxBytes) => store.log.read(keys, "0-0", 100, maxBytes));
      expect((await Promise.all(sizes)).map((page) => page.entries.length)).toEqual([1, 3]);
    });

    it("answers for a user nobody published to", async () => {
      const store = await open();
      const zero = { after: "0-0", head: "0-0", acked: "0-0", trimmed: "0-0", custody: [], entries: [] };
      await expect(store.log.read(store.log.keysOf(newUser()), "0-0", 10, 10)).resolves.toEqual(zero);
    });

    it("resolves where to read from: what is acknowledged, or the head", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const offsets = (await store.log.append(user, events(3))).map((result) => String(result.offset));
      await store.log.ack(keys, String(offsets[0]));
      const page = await store.log.read(keys, "acked", 10, ALL_BYTES);
      expect(page).toMatchObject({ after: offsets[0], acked: offsets[0], head: offsets[2] });
      expect(page.entries.map((entry) => entry.offset)).toEqual(offsets.slice(1));
      await expect(store.log.read(keys, "$", 10, ALL_BYTES)).resolves.toMatchObject({ after: offsets[2], entries: [] });
    });

    it("P5 shows a fork: an offset beyond head comes back with an earlier head", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const [result] = await store.log.append(user, events(1));
      const beyond = "9999999999999999-0";
      await expect(store.log.read(keys, beyond, 10, 10)).resolves.toMatchObject({
        after: beyond,
        head: result?.offset,
        entries: [],
      });
    });

    it("P2 names parcels first where they hold what the log no longer has", async () => {
      const store = await open({ logMaxEvents: 2 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      const offsets = (await store.log.append(user, events(6))).map((result) => String(result.offset));
      const first = await holdParcel(store, keys, 2);
      const second = await holdParcel(store, keys, 3);
      // The log has the last two: the second parcel's last event, and one nobody holds.
      const page = await store.log.read(keys, "0-0", 10, ALL_BYTES);
      expect(page).toMatchObject({ trimmed: offsets[3], entries: [] });
      expect(page.custody).toEqual([first.parcel, second.parcel]);
      const rest = await store.log.read(keys, String(offsets[2]), 10, ALL_BYTES);
      expect(rest).toMatchObject({ custody: [second.parcel], entries: [] });
      const beyond = await store.log.read(keys, String(offsets[3]), 10, ALL_BYTES);
      expect(beyond.custody).toEqual([second.parcel]);
      expect(beyond.entries.map((entry) => entry.offset)).toEqual(offsets.slice(4));
    });

    it("P2 gives the log where custody only repeats it", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const offsets = (await store.log.append(user, events(3))).map((result) => String(result.offset));
      await holdParcel(store, keys);
      const page = await store.log.read(keys, "0-0", 10, ALL_BYTES);
      expect(page.entries.map((entry) => entry.offset)).toEqual(offsets);
    });

    it("P4 tells where many users of one partition stand, each its own", async () => {
      const store = await open();
      const users = newNeighbours(store, 5);
      const heads: (string | null | undefined)[] = [];
      for (const [i, user] of users.slice(1).entries())
        heads.push((await store.log.append(user, events(i + 1))).at(-1)?.offset);
      await expect(store.log.heads(users.map((user) => store.log.keysOf(user)))).resolves.toEqual([
        { head: "0-0", undelivered: 0 },
        ...heads.map((head, i) => ({ head, undelivered: i + 1 })),
      ]);
    });
  });
}
