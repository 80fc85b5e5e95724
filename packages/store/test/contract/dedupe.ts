import { describe, expect, it } from "@jest/globals";

import { eventually } from "@doorstep/testkit";

import { event, events } from "../support/event.ts";
import type { Harness } from "../support/harness.ts";
import { storedLog, storedOffsets } from "../support/log-view.ts";

/** The same event again: by an id the caller chose, or by a publisher's own retry. */
export function describeDedupe({ open, raw, topology, openBreakable, newUser }: Harness): void {
  describe("append of an event it has already", () => {
    it("P1 answers an id the caller chose with its first offset and logs it once", async () => {
      const store = await open();
      const user = newUser();
      const [first] = await store.log.append(user, [event({ id: "order:1" })]);
      const [again] = await store.log.append(user, [event({ id: "order:1" })]);
      expect(first?.duplicate).toBe(false);
      expect(again).toEqual({ id: "order:1", offset: first?.offset, duplicate: true });
      await expect(storedOffsets(raw(), store.log.keysOf(user))).resolves.toEqual([first?.offset]);
      await expect(store.log.heads([store.log.keysOf(user)])).resolves.toEqual([
        { head: first?.offset, undelivered: 1 },
      ]);
    });

    it("P1 finds repetitions within one batch and beside known ones", async () => {
      const store = await open();
      const user = newUser();
      const [known] = await store.log.append(user, [event({ id: "known" })]);
      const batch = ["known", "new", "known", "new", "other"].map((id) => event({ id }));
      const results = await store.log.append(user, batch);
      expect(results.map((result) => result.duplicate)).toEqual([true, false, true, true, false]);
      const offsets = results.map((result) => result.offset);
      expect(offsets[0]).toBe(known?.offset);
      expect(offsets[2]).toBe(known?.offset);
      expect(offsets[3]).toBe(offsets[1]);
      await expect(storedOffsets(raw(), store.log.keysOf(user))).resolves.toEqual([
        known?.offset,
        offsets[1],
        offsets[4],
      ]);
    });

    it("P1 refuses an id with another body whole, in the log and within a batch", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      await store.log.append(user, [event({ id: "a", data: 1 })]);
      const before = await raw().hgetall(keys.user);
      const conflict = { code: "CONFLICT", detail: "event a" };
      await expect(store.log.append(user, [event(), event({ id: "a", data: 2 })])).rejects.toMatchObject(conflict);
      const twice = [event({ id: "b", data: 1 }), event({ id: "b", data: 2 })];
      await expect(store.log.append(user, twice)).rejects.toMatchObject({ code: "CONFLICT", detail: "event b" });
      await expect(raw().hgetall(keys.user)).resolves.toEqual(before);
      await expect(storedLog(raw(), keys)).resolves.toHaveLength(1);
      // Nothing remembers the refused id either.
      await expect(store.log.append(user, [event({ id: "b", data: 3 })])).resolves.toMatchObject([
        { duplicate: false },
      ]);
    });

    it("P4 remembers ids for each user apart", async () => {
      const store = await open();
      const results = [
        ...(await store.log.append(newUser(), [event({ id: "same", data: 1 })])),
        ...(await store.log.append(newUser(), [event({ id: "same", data: 2 })])),
      ];
      expect(results.map((result) => result.duplicate)).toEqual([false, false]);
    });

    it("forgets an id after the window", async () => {
      const store = await open({ dedupeWindowMs: 30 });
      const user = newUser();
      await store.log.append(user, [event({ id: "short" })]);
      await eventually(async () => {
        const [result] = await store.log.append(user, [event({ id: "short", data: "other" })]);
        expect(result?.duplicate).toBe(false);
      });
    });

    it("P1 finds an id the hub made when its publisher tries again, also behind many later events", async () => {
      const store = await open();
      const user = newUser();
      const [lost, ...others] = events(300);
      if (lost === undefined) throw new Error("no event");
      const [first] = await store.log.append(user, [lost]);
      await store.log.append(user, others);
      await expect(store.log.append(user, [lost], { isRetry: true })).resolves.toEqual([
        { id: lost.id, offset: first?.offset, duplicate: true },
      ]);
      await expect(raw().xlen(store.log.keysOf(user).log)).resolves.toBe(300);
    });

    it("logs a retry whose first attempt did not arrive", async () => {
      const store = await open();
      const user = newUser();
      const retried = events(2);
      await store.log.append(user, retried.slice(0, 1));
      const results = await store.log.append(user, retried, { isRetry: true });
      expect(results.map((result) => result.duplicate)).toEqual([true, false]);
    });

    it("P1 logs once what was in flight when the connection broke and is tried again", async () => {
      const user = newUser();
      const { log, breakConnections } = await openBreakable();
      const keys = log.keysOf(user);
      const [first] = await log.append(user, events(1));
      const server = await topology().masterOf(keys.log);
      await server.kill("SIGSTOP");
      const retried = event();
      const started = performance.now();
      const [inFlight] = await Promise.allSettled([log.append(user, [retried]), breakConnections()]);
      expect(inFlight).toMatchObject({ status: "rejected", reason: { code: "UNAVAILABLE" } });
      // Told at once: nothing was tried behind the publisher's back until time was up.
      expect(performance.now() - started).toBeLessThan(2_000);
      await server.kill("SIGCONT");
      const [second] = await eventually(() => log.append(user, [retried], { isRetry: true }));
      await expect(storedOffsets(raw(), keys)).resolves.toEqual([first?.offset, second?.offset]);
    });
  });
}
