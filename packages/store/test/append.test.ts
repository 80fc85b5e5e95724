import { afterEach, describe, expect, it } from "@jest/globals";

import type { PublishResult } from "@doorstep/protocol";

import { event, events } from "./support/event.ts";
import { createHarness } from "./support/harness.ts";
import { storedLog, storedOffsets } from "./support/log-view.ts";
import { startStandalone } from "./support/topology.ts";

describe("appends that begin in the same turn", () => {
  const { open, raw, newUser } = createHarness(startStandalone);

  /** Script calls since the counters of Redis were last reset. */
  const countCalls = async (): Promise<number> => {
    const stats = await raw().info("commandstats");
    return [...stats.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
  };

  afterEach(async () => {
    await raw().config("RESETSTAT");
  });

  it("share calls of at most 100 events", async () => {
    const store = await open();
    await store.log.append(newUser(), events(1));
    await raw().config("RESETSTAT");
    await Promise.all(Array.from({ length: 100 }, () => store.log.append(newUser(), events(1))));
    expect(await countCalls()).toBe(1);
    await Promise.all(Array.from({ length: 5 }, () => store.log.append(newUser(), events(50))));
    expect(await countCalls()).toBe(4);
    // One append is never cut, however much it has.
    await store.log.append(newUser(), events(300));
    expect(await countCalls()).toBe(5);
    await Promise.all(
      Array.from({ length: 3 }, () => store.log.append(newUser(), [event({ data: "x".repeat(60_000) })])),
    );
    expect(await countCalls()).toBe(6);
    const large = Array.from({ length: 10 }, () => store.log.append(newUser(), [event({ data: "x".repeat(60_000) })]));
    await Promise.all(large);
    expect(await countCalls()).toBe(9);
  });

  it("go on where Redis has forgotten the script", async () => {
    const store = await open();
    const user = newUser();
    for (let i = 0; i < 3; i++) {
      await raw().script("FLUSH");
      await Promise.all([store.log.append(user, events(2)), store.log.append(newUser(), events(1))]);
    }
    await expect(storedOffsets(raw(), store.log.keysOf(user))).resolves.toHaveLength(6);
  });

  it("wait for a call to be full while two are on their way, and no longer", async () => {
    const store = await open();
    await store.log.append(newUser(), events(1));
    await raw().config("RESETSTAT");
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    // Whatever is sent stays on its way.
    await raw().call("CLIENT", "PAUSE", "500");
    const appends: Promise<unknown>[] = [];
    for (let i = 0; i < 20; i++) {
      appends.push(store.log.append(newUser(), events(1)));
      await turn();
    }
    await Promise.all(appends);
    // Two alone, then all the others together.
    expect(await countCalls()).toBe(3);
  });

  it("P1 keep the order in which they began, also for one user", async () => {
    const store = await open();
    const [ada, bob] = [newUser(), newUser()];
    const results: PublishResult[][] = await Promise.all(
      [ada, bob, ada, ada].map((user) => store.log.append(user, events(2))),
    );
    const offsets = results.map((result) => result.map(({ offset }) => offset));
    await expect(storedOffsets(raw(), store.log.keysOf(ada))).resolves.toEqual(
      [0, 2, 3].flatMap((i) => offsets[i] ?? []),
    );
    const stored = await storedLog(raw(), store.log.keysOf(ada));
    expect(stored.map(({ prev }) => prev)).toEqual(["0-0", ...stored.slice(0, -1).map(({ offset }) => offset)]);
    await expect(storedOffsets(raw(), store.log.keysOf(bob))).resolves.toEqual(offsets[1]);
  });

  it("P1 find an id that another append of the same call has", async () => {
    const store = await open();
    const user = newUser();
    const append = (data: unknown) => store.log.append(user, [event({ id: "twice", data })]);
    const [first, again, other] = await Promise.allSettled([append(1), append(1), append(2)]);
    expect(first).toMatchObject({ status: "fulfilled", value: [{ duplicate: false }] });
    expect(again).toMatchObject({ status: "fulfilled", value: [{ duplicate: true }] });
    expect(other).toMatchObject({ status: "rejected", reason: { code: "CONFLICT", detail: "event twice" } });
  });

  it("P4 are refused each for itself", async () => {
    const store = await open({ maxPayloadBytes: 300, mailboxMaxEvents: 3 });
    const [ada, bob, cy, dee] = [newUser(), newUser(), newUser(), newUser()];
    await raw().set(store.log.keysOf(cy).log, "not a log");
    const settled = await Promise.allSettled([
      store.log.append(ada, [event(), event({ id: "large", data: "x".repeat(400) })]),
      store.log.append(bob, events(4)),
      store.log.append(cy, [event({ id: "a", collapseKey: "k" })]),
      store.log.append(dee, [event({ id: "b", collapseKey: "k" }), event({ id: "c" })]),
    ]);
    expect(settled).toMatchObject([
      { reason: { code: "TOO_LARGE", detail: "event large" } },
      { reason: { code: "MAILBOX_FULL", detail: `user ${bob}` } },
      { reason: { code: "UNAVAILABLE", detail: expect.stringContaining("WRONGTYPE") } },
      { value: [{ duplicate: false }, { duplicate: false }] },
    ]);
    await expect(storedOffsets(raw(), store.log.keysOf(dee))).resolves.toHaveLength(2);
    await expect(raw().exists(store.log.keysOf(ada).log, store.log.keysOf(bob).log)).resolves.toBe(0);
  });
});
