import { describe, expect, it } from "@jest/globals";

import { eventually } from "@doorstep/testkit";

import { openEar } from "../support/ear.ts";
import { event, events } from "../support/event.ts";
import type { Harness } from "../support/harness.ts";
import { storedOffsets } from "../support/log-view.ts";

/** What append refuses, and what the delivery classes count as. */
export function describeLimit({ open, raw, newUser }: Harness): void {
  describe("append within limits", () => {
    it("refuses an empty batch, an overlong one and an invalid user", async () => {
      const store = await open();
      const invalid = { code: "INVALID_REQUEST" };
      await expect(store.log.append(newUser(), [])).rejects.toMatchObject(invalid);
      await expect(store.log.append(newUser(), events(1_001))).rejects.toMatchObject(invalid);
      await expect(store.log.append("", events(1))).rejects.toMatchObject({ code: "INVALID_USER" });
    });

    it("P1 refuses a batch whole for one event that is too large, and names it", async () => {
      const store = await open({ maxPayloadBytes: 200 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      const large = event({ id: "large", data: "ä".repeat(100) });
      const refused = store.log.append(user, [event({ id: "small" }), large, event()]);
      await expect(refused).rejects.toMatchObject({ code: "TOO_LARGE", detail: "event large" });
      await expect(raw().exists(keys.user, keys.log)).resolves.toBe(0);
      await expect(store.log.append(user, [event({ id: "small" })])).resolves.toMatchObject([{ duplicate: false }]);
    });

    it("P8 refuses beyond the most undelivered events, held or not, and takes more after an ack", async () => {
      const store = await open({ mailboxMaxEvents: 5 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      const full = { code: "MAILBOX_FULL", detail: `user ${user}` };
      const logged = await store.log.append(user, events(4));
      await expect(store.log.append(user, events(2))).rejects.toMatchObject(full);
      await store.log.append(user, events(1));
      await expect(store.log.append(user, events(1))).rejects.toMatchObject(full);
      await expect(store.log.heads([keys])).resolves.toMatchObject([{ undelivered: 5 }]);
      await store.log.ack(keys, String(logged[1]?.offset));
      await expect(store.log.append(user, events(3))).rejects.toMatchObject(full);
      await store.log.append(user, events(2));
    });

    it("P8 refuses beyond the most undelivered bytes, and takes more after an ack", async () => {
      const one = event({ data: "x".repeat(100) });
      const store = await open({ mailboxMaxBytes: one.body.length * 2 });
      const user = newUser();
      const [first] = await store.log.append(user, [one]);
      await store.log.append(user, [event({ data: "x".repeat(90) })]);
      const refused = store.log.append(user, [event({ data: "x".repeat(90) })]);
      await expect(refused).rejects.toMatchObject({ code: "MAILBOX_FULL" });
      await store.log.ack(store.log.keysOf(user), String(first?.offset));
      await store.log.append(user, [event({ data: "x".repeat(90) })]);
    });

    it("pushes ephemeral events without an offset and stores nothing of them", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const ear = await openEar(store);
      await ear.subscriber.subscribe(keys);
      const tick = event({ delivery: "ephemeral", id: "tick" });
      await expect(store.log.append(user, [tick])).resolves.toEqual([{ id: "tick", offset: null, duplicate: false }]);
      await expect(raw().exists(keys.user, keys.log)).resolves.toBe(0);
      await expect(raw().zscore(keys.due, keys.uid)).resolves.toBeNull();
      const [, logged] = await store.log.append(user, [tick, event()]);
      await eventually(() => expect(ear.heard).toHaveLength(3));
      expect(ear.heard[0]?.push).toMatchObject({ prev: undefined, last: undefined, count: 1 });
      expect(ear.heard[0]?.events[0]).toMatchObject({ id: "tick" });
      expect(ear.heard[0]?.events[0]).not.toHaveProperty("offset");
      expect(ear.heard[1]?.push).toMatchObject({ prev: "0-0", last: logged?.offset, count: 1 });
      expect(ear.heard[2]?.push.prev).toBeUndefined();
    });

    it("logs stream events without counting them as undelivered", async () => {
      const store = await open({ mailboxMaxEvents: 3 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      await store.log.append(user, events(10, { delivery: "stream" }));
      await expect(store.log.heads([keys])).resolves.toMatchObject([{ undelivered: 0 }]);
      await expect(raw().zscore(keys.due, keys.uid)).resolves.toBeNull();
      await expect(raw().xlen(keys.log)).resolves.toBe(10);
    });

    it("P8 bounds stream events in the log: settled ones give way, and none is let in before unsettled ones", async () => {
      const store = await open({ logMaxEvents: 10, mailboxMaxEvents: 10 });
      const settled = newUser();
      for (let i = 0; i < 10; i++) await store.log.append(settled, events(7, { delivery: "stream" }));
      expect(await raw().xlen(store.log.keysOf(settled).log)).toBeLessThanOrEqual(20);

      const waiting = newUser();
      const keys = store.log.keysOf(waiting);
      const [durable] = await store.log.append(waiting, events(1));
      const flood = async (): Promise<void> => {
        for (let i = 0; i < 10; i++) await store.log.append(waiting, events(7, { delivery: "stream" }));
      };
      await expect(flood()).rejects.toMatchObject({ code: "MAILBOX_FULL" });
      expect((await storedOffsets(raw(), keys))[0]).toBe(durable?.offset);
      expect(await raw().xlen(keys.log)).toBeLessThanOrEqual(20);
      await store.log.ack(keys, String(durable?.offset));
      await flood();
    });
  });
}
