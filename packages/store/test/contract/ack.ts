import { describe, expect, it } from "@jest/globals";
import { ZERO_OFFSET } from "@doorstep/protocol";

import { hold, holdParcel } from "../support/courier.ts";
import { events } from "../support/event.ts";
import { logState, setLogState } from "../support/log-state.ts";
import type { Harness } from "../support/harness.ts";

/** Acknowledging, and what it lets go of. */
export function describeAck({ open, raw, newUser }: Harness): void {
  describe("ack", () => {
    it("P3 is cumulative and idempotent, and an older one changes nothing", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const offsets = (await store.log.append(user, events(5))).map((result) => String(result.offset));
      const third = String(offsets[2]);
      await expect(store.log.ack(keys, third)).resolves.toEqual({ acked: third, count: 3, released: [] });
      for (const again of [third, String(offsets[0]), "0-0"]) {
        await expect(store.log.ack(keys, again)).resolves.toEqual({ acked: third, count: 0, released: [] });
      }
      await expect(store.log.heads([keys])).resolves.toEqual([{ head: offsets[4], undelivered: 2 }]);
    });

    it("counts an offset beyond head as head, and what comes after is undelivered again", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const [result] = await store.log.append(user, events(1));
      const far = "9999999999999999-9999999999999999";
      await expect(store.log.ack(keys, far)).resolves.toMatchObject({ acked: result?.offset, count: 1 });
      await store.log.append(user, events(2));
      await expect(store.log.heads([keys])).resolves.toMatchObject([{ undelivered: 2 }]);
    });

    it("answers for a user nobody published to and writes nothing", async () => {
      const store = await open();
      const keys = store.log.keysOf(newUser());
      await expect(store.log.ack(keys, "5-5")).resolves.toEqual({ acked: "0-0", count: 0, released: [] });
      await expect(raw().exists(keys.user)).resolves.toBe(0);
    });

    it("takes an offset between two events as the one before it", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const [first] = await store.log.append(user, events(1));
      const [ms, n] = String(first?.offset).split("-");
      await setLogState(raw(), keys, { floor: `${Number(ms) + 20_000}-0` });
      await store.log.append(user, events(1));
      await expect(store.log.ack(keys, `${ms}-${Number(n) + 1}`)).resolves.toMatchObject({ count: 1 });
      await expect(store.log.heads([keys])).resolves.toMatchObject([{ undelivered: 1 }]);
    });

    it("P3 releases parcels it passes whole, in order, and counts exactly, also where the log has nothing left", async () => {
      const store = await open({ logMaxEvents: 1 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      const offsets = (await store.log.append(user, events(9))).map((result) => String(result.offset));
      const parcels = [await holdParcel(store, keys, 3), await holdParcel(store, keys, 3), await hold(store, keys, 3)];
      const jobs = parcels.map(({ parcel }) => parcel?.jobId);
      // Inside the second: only the first goes.
      await expect(store.log.ack(keys, String(offsets[4]))).resolves.toMatchObject({ count: 3, released: [jobs[0]] });
      await expect(store.log.heads([keys])).resolves.toMatchObject([{ undelivered: 6 }]);
      await expect(store.log.ack(keys, String(offsets[5]))).resolves.toMatchObject({ count: 3, released: [jobs[1]] });
      await expect(store.log.heads([keys])).resolves.toMatchObject([{ undelivered: 3 }]);
      await expect(store.log.ack(keys, String(offsets[8]))).resolves.toMatchObject({ count: 3, released: [jobs[2]] });
      await expect(store.log.heads([keys])).resolves.toMatchObject([{ undelivered: 0 }]);
      await expect(raw().exists(keys.parcels)).resolves.toBe(0);
      const { n, b } = await logState(raw(), keys);
      expect(n).toBe("9");
      await expect(raw().hmget(keys.user, "an", "ab")).resolves.toEqual([n, b]);
    });

    it("P2 P3 keeps tombstones that it passes for as long as a device may resume from before them", async () => {
      const store = await open();
      const forgetful = await open({ logMaxEvents: 1 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      await store.log.append(user, events(4));
      const first = await holdParcel(store, keys, 2);
      const second = await holdParcel(store, keys, 2);
      await store.custody.expire(keys, first.parcel, "expired", first.offsets);
      const answer = await store.log.ack(keys, second.parcel.to);
      expect(answer).toEqual({ acked: second.parcel.to, count: 2, released: [second.parcel.jobId] });
      // Another device still stands before them, in the log.
      const { custody } = await store.log.read(keys, ZERO_OFFSET, 10, 10_000);
      expect(custody).toMatchObject([{ kind: "tombstone", to: first.parcel.to, count: 2 }]);
      await expect(store.log.read(keys, "acked", 10, 10_000)).resolves.toMatchObject({ custody: [] });

      const late = await forgetful.log.append(user, events(64));
      await store.log.ack(keys, String(late[31]?.offset));
      await forgetful.log.append(user, events(32));
      await expect(store.log.ack(keys, String(late[63]?.offset))).resolves.toMatchObject({ count: 32, released: [] });
      await expect(raw().exists(keys.parcels)).resolves.toBe(0);
    });
  });
}
