import { describe, expect, it } from "@jest/globals";

import { compareOffsets, offsetTimeMs } from "@doorstep/protocol";
import { eventually } from "@doorstep/testkit";

import { openEar } from "../support/ear.ts";
import { event, events } from "../support/event.ts";
import { logState, setLogState } from "../support/log-state.ts";
import type { Harness } from "../support/harness.ts";
import { storedLog, storedOffsets } from "../support/log-view.ts";

/** Appending, without duplicates and limits, which have suites of their own. */
export function describeAppend({ open, raw, newUser, newNeighbours }: Harness): void {
  describe("append", () => {
    it("P1 logs events in the order given, each with the offset before it and running counts", async () => {
      const store = await open();
      const user = newUser();
      const [one, two, three] = [event({ data: "größer" }), event({ delivery: "stream" }), event()];
      const results = [...(await store.log.append(user, [one])), ...(await store.log.append(user, [two, three]))];
      const offsets = results.map((result) => String(result.offset));
      expect(results.map(({ id, duplicate }) => [id, duplicate])).toEqual([one, two, three].map((e) => [e.id, false]));
      const bytes = [one, three].map((e) => Buffer.byteLength(e.body));
      const stored = await storedLog(raw(), store.log.keysOf(user));
      expect(stored.map((entry) => entry.offset)).toEqual(offsets);
      expect(stored.map((entry) => entry.prev)).toEqual(["0-0", ...offsets.slice(0, -1)]);
      expect(stored.map((entry) => entry.body)).toEqual([one.body, two.body, three.body]);
      expect(stored.map((entry) => [entry.count, entry.durableCount, entry.letter])).toEqual([
        [1, 1, "d"],
        [2, 1, "s"],
        [3, 2, "d"],
      ]);
      expect(stored.at(-1)?.durableBytes).toBe(Number(bytes[0]) + Number(bytes[1]));
    });

    it("P2 pushes each append once, with the offset before it and offsets inside the events", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const ear = await openEar(store);
      await ear.subscriber.subscribe(keys);
      const [first] = await store.log.append(user, [event({ data: { text: "{}},{" } })]);
      const [second, third] = await store.log.append(user, events(2));
      await eventually(() => expect(ear.heard).toHaveLength(2));
      const [one, two] = ear.heard;
      expect(one).toMatchObject({ channel: keys.channel, push: { prev: "0-0", last: first?.offset, count: 1 } });
      expect(one?.events).toMatchObject([{ offset: first?.offset, id: first?.id, data: { text: "{}},{" } }]);
      expect(two?.push).toMatchObject({ prev: first?.offset, last: third?.offset, count: 2 });
      expect(two?.events.map((e) => e["offset"])).toEqual([second?.offset, third?.offset]);
    });

    it("P1 gives concurrent publishers one order with an unbroken chain", async () => {
      const [one, two] = [await open(), await open()];
      const user = newUser();
      const results = await Promise.all(
        Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? one : two).log.append(user, events(1 + (i % 3)))),
      );
      const stored = await storedLog(raw(), one.log.keysOf(user));
      const published = results.flat().map((result) => String(result.offset));
      expect(stored.map((entry) => entry.offset)).toEqual(published.sort(compareOffsets));
      expect(stored.map((entry) => entry.prev)).toEqual(["0-0", ...published.slice(0, -1)]);
    });

    it("takes many appends at once right after it was opened, wherever their users lie", async () => {
      const store = await open();
      const users = Array.from({ length: 60 }, () => newUser());
      const results = await Promise.all(users.map((user) => store.log.append(user, events(1))));
      expect(results.flat()).toHaveLength(60);
    });

    it("P4 keeps users of one partition apart", async () => {
      const store = await open();
      const [a = "", b = ""] = newNeighbours(store, 2);
      const ear = await openEar(store);
      await ear.subscriber.subscribe(store.log.keysOf(b));
      await store.log.append(a, events(2));
      const [result] = await store.log.append(b, [event()]);
      await eventually(() => expect(ear.heard).toHaveLength(1));
      expect(ear.heard[0]?.push).toMatchObject({ prev: "0-0", last: result?.offset });
      await expect(storedOffsets(raw(), store.log.keysOf(b))).resolves.toEqual([result?.offset]);
    });

    it("P2 lets offsets only grow, also while the head or the floor is ahead of the clock", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const aheadMs = (await store.nowMs()) + 30_000;
      await setLogState(raw(), keys, { floor: `${aheadMs}-7` });
      const results = [...(await store.log.append(user, events(2))), ...(await store.log.append(user, events(1)))];
      // -10 was tried first and taken back: it is less than -9 as text, which is how the common path compares.
      expect(results.map((result) => result.offset)).toEqual([`${aheadMs}-8`, `${aheadMs}-9`, `${aheadMs}-11`]);
      const stored = await storedLog(raw(), keys);
      expect(stored.map(({ prev, count }) => [prev, count])).toEqual([
        ["0-0", 1],
        [`${aheadMs}-8`, 2],
        [`${aheadMs}-9`, 3],
      ]);
    });

    it("P2 lets offsets only grow where a log outlived its user's hash", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const aheadMs = (await store.nowMs()) + 30_000;
      await setLogState(raw(), keys, { floor: `${aheadMs}-0` });
      await store.log.append(user, events(1));
      await raw().del(keys.user);
      const [result] = await store.log.append(user, events(1));
      expect(result?.offset).toBe(`${aheadMs}-2`);
      expect((await storedLog(raw(), keys)).at(-1)?.prev).toBe(`${aheadMs}-1`);
    });

    it("P2 lets offsets only grow where a log is gone or ends before its user's head", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const [first] = await store.log.append(user, events(1));
      const aheadMs = (await store.nowMs()) + 30_000;
      await setLogState(raw(), keys, { head: `${aheadMs}-3` });
      const [second, third] = await store.log.append(user, events(2));
      expect([second?.offset, third?.offset]).toEqual([`${aheadMs}-4`, `${aheadMs}-5`]);
      await expect(storedOffsets(raw(), keys)).resolves.toEqual([first, second, third].map((result) => result?.offset));
      await raw().del(keys.log);
      const [fourth] = await store.log.append(user, events(1));
      expect(fourth?.offset).toBe(`${aheadMs}-6`);
      const [entry] = await storedLog(raw(), keys);
      expect([entry?.offset, entry?.prev, entry?.count]).toEqual([fourth?.offset, third?.offset, 4]);
    });

    it("P3 lets a departed user's keys expire by themselves, never before an event's own deadline", async () => {
      const store = await open({ holdMs: 1_000, logMaxAgeMs: 1_000 });
      const user = newUser();
      const keys = store.log.keysOf(user);
      const dayMs = 86_400_000;
      await store.log.append(user, events(1));
      const shortMs = await raw().pttl(keys.log);
      expect(shortMs).toBeGreaterThan(dayMs);
      expect(shortMs).toBeLessThan(3 * dayMs);
      await store.log.append(user, events(1, { expiresInMs: 80 * dayMs }));
      for (const key of [keys.log, keys.user]) expect(await raw().pttl(key)).toBeGreaterThan(80 * dayMs);
      await store.log.append(user, events(1));
      expect(await raw().pttl(keys.log)).toBeGreaterThan(80 * dayMs);
    });

    it("lets the keys of a user live on from the first event of each period of 28 hours", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const dayMs = 86_400_000;
      await store.log.append(user, events(1));
      const fullMs = await raw().pttl(keys.user);
      // As if that event were three days old, and with it the end of its keys.
      const { head } = await logState(raw(), keys);
      await eventually(async () => expect(await store.nowMs()).toBeGreaterThan(offsetTimeMs(head)));
      await setLogState(raw(), keys, { head: `${offsetTimeMs(head) - 3 * dayMs}-0` });
      for (const key of [keys.user, keys.log]) await raw().pexpire(key, fullMs - 3 * dayMs);
      await store.log.append(user, events(1));
      for (const key of [keys.user, keys.log]) expect(await raw().pttl(key)).toBeGreaterThan(fullMs - dayMs);
      const endMs = await raw().pexpiretime(keys.user);
      await store.log.append(user, events(1));
      for (const key of [keys.user, keys.log]) await expect(raw().pexpiretime(key)).resolves.toBe(endMs);
    });
  });
}
