import { describe, expect, it } from "@jest/globals";

import { openEar } from "../support/ear.ts";
import { holdParcel } from "../support/courier.ts";
import { event, events } from "../support/event.ts";
import { bodyOf } from "../../src/index.ts";
import { logState } from "../support/log-state.ts";
import type { Harness } from "../support/harness.ts";
import { storedOffsets } from "../support/log-view.ts";
import { eventually } from "@doorstep/testkit";

/** Events with one collapse key: the last counts. */
export function describeCollapse({ open, raw, newUser }: Harness): void {
  describe("append of an event with a collapse key", () => {
    const progress = (data: unknown, input: Parameters<typeof event>[0] = {}) =>
      event({ collapseKey: "progress", data: data as never, ...input });

    it("P8 takes the place of the one that waits, in the log and in the counts, and is pushed all the same", async () => {
      const store = await open({ mailboxMaxEvents: 3 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      const ear = await openEar(store);
      await ear.subscriber.subscribe(keys);
      const [other] = await store.log.append(user, events(1));
      let last: string | null | undefined;
      for (let n = 0; n < 10; n++) last = (await store.log.append(user, [progress(n)]))[0]?.offset;
      await expect(storedOffsets(raw(), keys)).resolves.toEqual([other?.offset, last]);
      await expect(store.log.heads([keys])).resolves.toEqual([{ head: last, undelivered: 2 }]);
      await eventually(() => expect(ear.heard).toHaveLength(11));
      const page = await store.log.read(keys, "acked", 10, 10_000);
      expect(page.entries.map(({ offset, collapseKey }) => [offset, collapseKey])).toEqual([
        [other?.offset, undefined],
        [last, "progress"],
      ]);
      // Bytes are those of what waits.
      const { b } = await logState(raw(), keys);
      expect(Number(b)).toBe(page.entries.reduce((sum, entry) => sum + bodyOf(entry).length, 0));
    });

    it("counts the last only where a batch brings several, and several keys are apart", async () => {
      const store = await open({ mailboxMaxEvents: 2 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      const batch = [progress(1), progress(2), event({ collapseKey: "other" }), progress(3)];
      const results = await store.log.append(user, batch);
      await expect(storedOffsets(raw(), keys)).resolves.toEqual([results[2]?.offset, results[3]?.offset]);
      await expect(store.log.heads([keys])).resolves.toMatchObject([{ undelivered: 2 }]);
    });

    it("leaves alone what is acknowledged, what a parcel holds, and what is of another class", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const [first] = await store.log.append(user, [progress(1)]);
      await store.log.ack(keys, String(first?.offset));
      const [second] = await store.log.append(user, [progress(2)]);
      await holdParcel(store, keys, 1);
      const [stream] = await store.log.append(user, [progress(3, { delivery: "stream" })]);
      const [third] = await store.log.append(user, [progress(4)]);
      const kept = [first, second, stream, third].map((result) => result?.offset);
      await expect(storedOffsets(raw(), keys)).resolves.toEqual(kept);
    });

    it("forgets keys of a user who has too many, and its index with the user", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      for (let n = 0; n < 11; n++) {
        await store.log.append(
          user,
          Array.from({ length: 100 }, (_, i) => event({ collapseKey: `key-${n}-${i}` })),
        );
      }
      expect(await raw().hlen(keys.collapse)).toBeLessThanOrEqual(1_000);
      await store.log.append(user, [progress(1)]);
      expect(await raw().pttl(keys.collapse)).toBeGreaterThan(0);
    });
  });
}
