import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { compareOffsets, DoorstepError } from "@doorstep/protocol";
import { createCleanUp, eventually, freePort } from "@doorstep/testkit";
import { createHub, type PublishItem } from "../src/index.ts";
import { type Fixture, startFixture } from "./support/fixture.ts";

const cleanUp = createCleanUp();
let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture(cleanUp);
});
afterAll(() => cleanUp.run());

describe("hub.publish", () => {
  it("P1 puts the event into the user's log and answers its offset", async () => {
    const result = await fixture.hub.publish(
      { userId: "ada", threadId: "t1" },
      "custom",
      { name: "hello", value: 1 },
      { subject: "greeting", traceparent: "00-a-b-01", collapseKey: "k", expiresInMs: 60_000 },
    );
    const [event] = await fixture.eventsOf("ada");
    expect(result).toEqual({ id: event?.id, offset: event?.offset, duplicate: false });
    expect(event).toMatchObject({
      type: "custom",
      source: "urn:test",
      threadId: "t1",
      subject: "greeting",
      traceparent: "00-a-b-01",
      collapseKey: "k",
      expiresAt: expect.any(String),
      data: { name: "hello", value: 1 },
    });
  });

  it("P1 answers the same offset for the same id and refuses it for another body", async () => {
    const first = await fixture.hub.publish({ userId: "bo" }, "order.paid", { n: 1 }, { id: "order-1" });
    const again = await fixture.hub.publish({ userId: "bo" }, "order.paid", { n: 1 }, { id: "order-1" });
    expect(again).toEqual({ ...first, duplicate: true });
    await expect(
      fixture.hub.publish({ userId: "bo" }, "order.paid", { n: 2 }, { id: "order-1" }),
    ).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await fixture.eventsOf("bo")).toHaveLength(1);
  });

  it("answers no offset for an ephemeral event, which is not logged", async () => {
    const result = await fixture.hub.publish({ userId: "cy" }, "tool_progress", { toolCallId: "c", progress: 0.5 });
    expect(result.offset).toBeNull();
    expect(await fixture.eventsOf("cy")).toEqual([]);
  });

  it.each([
    ["INVALID_USER", { userId: "" }, "custom", {}, {}],
    ["INVALID_USER", { userId: "\ud800" }, "custom", {}, {}],
    ["INVALID_EVENT", { userId: "dee" }, "no spaces", {}, {}],
    ["INVALID_EVENT", { userId: "dee" }, "custom", 1n, {}],
    ["INVALID_EVENT", { userId: "dee" }, "custom", {}, { id: "{}" }],
    ["INVALID_EVENT", { userId: "dee", threadId: " " }, "custom", {}, {}],
    ["INVALID_EVENT", { userId: "dee" }, "custom", {}, { expiresInMs: 0 }],
    ["TOO_LARGE", { userId: "dee" }, "custom", "x".repeat(70_000), {}],
  ])("refuses a malformed event with %s and writes nothing", async (code, to, type, data, options) => {
    await expect(fixture.hub.publish(to, type, data, options)).rejects.toMatchObject({ code });
    expect(await fixture.eventsOf("dee")).toEqual([]);
  });

  it("refuses at once what a full mailbox does not take", async () => {
    const hub = fixture.openHub({ limits: { mailboxMaxEvents: 1 } });
    await hub.publish({ userId: "eve" }, "note", 1);
    const started = performance.now();
    await expect(hub.publish({ userId: "eve" }, "note", 2)).rejects.toMatchObject({ code: "MAILBOX_FULL" });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it("does not begin with a signal that has aborted", async () => {
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(fixture.hub.publish({ userId: "flo" }, "note", 1, { signal })).rejects.toThrow("too late");
    expect(await fixture.eventsOf("flo")).toEqual([]);
  });
});

describe("hub.publishMany", () => {
  it("P1 keeps the order of each user and answers in the order of the items", async () => {
    const items: PublishItem[] = Array.from({ length: 2_500 }, (_, n) => ({
      to: { userId: n % 5 === 0 ? "few" : "many" },
      type: "note",
      data: n,
      options: { delivery: "stream" },
    }));
    const hub = fixture.openHub({ limits: { logMaxEvents: 5_000 } });
    const results = await hub.publishMany(items);
    expect(results).toHaveLength(items.length);
    for (const userId of ["few", "many"]) {
      const events = await fixture.eventsOf(userId);
      expect(events.map((event) => event.data)).toEqual(
        items.filter((item) => item.to.userId === userId).map((item) => item.data),
      );
      expect(events.map((event) => event.offset)).toEqual(
        results
          .filter((_, n) => items[n]?.to.userId === userId)
          .map((result) => ("id" in result ? result.offset : null)),
      );
      expect(
        events.every((event, n) => n === 0 || compareOffsets(events[n - 1]?.offset ?? "", event.offset ?? "") < 0),
      ).toBe(true);
    }
  });

  it("answers errors per item and does not let one user's hide another's", async () => {
    await fixture.hub.publish({ userId: "gil" }, "note", "first", { id: "n1" });
    const results = await fixture.hub.publishMany([
      { to: { userId: "gil" }, type: "note", data: "second", options: { id: "n1" } },
      { to: { userId: "hal" }, type: "note", data: "fine" },
      { to: { userId: "hal" }, type: "not a type", data: null },
      { to: { userId: "hal" }, type: "note", data: "fine too" },
      { to: { userId: "" }, type: "note", data: "nobody" },
    ]);
    expect(results.map((result) => result.error?.code)).toEqual([
      "CONFLICT",
      undefined,
      "INVALID_EVENT",
      undefined,
      "INVALID_USER",
    ]);
    expect((await fixture.eventsOf("hal")).map((event) => event.data)).toEqual(["fine", "fine too"]);
    expect(await fixture.eventsOf("gil")).toHaveLength(1);
  });
});

describe("createHub", () => {
  it("does not throw where Redis is away; ready and publish do", async () => {
    const hub = createHub({ redis: `redis://127.0.0.1:${await freePort()}`, source: "urn:test", timeoutMs: 200 });
    cleanUp.add(() => hub.close());
    await expect(hub.publish({ userId: "ivy" }, "note", 1)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("tells at ready that Redis was first used with other settings", async () => {
    const other = await startFixture(cleanUp);
    await other.hub.ready();
    await other.redis.kill("SIGSTOP");
    const hub = other.openHub({ timeoutMs: 300 });
    await expect(hub.publish({ userId: "jo" }, "note", 1)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await other.redis.kill("SIGCONT");
    await hub.ready();
    await hub.publish({ userId: "jo" }, "note", 2);
  });

  it("P1 repeats after Redis was killed and logs each event once", async () => {
    const { redis, hub, eventsOf } = await startFixture(cleanUp);
    await hub.ready();
    await redis.kill("SIGKILL");
    const publishing = Promise.all(
      Array.from({ length: 20 }, (_, n) => hub.publish({ userId: `kim${n % 3}` }, "note", n, { timeoutMs: 20_000 })),
    );
    await redis.restart();
    const results = await publishing;
    const logged = (await Promise.all([0, 1, 2].map((n) => eventsOf(`kim${n}`)))).flat();
    expect(logged.map((event) => event.data).sort((a, b) => Number(a) - Number(b))).toEqual(results.map((_, n) => n));
  });

  it("gives up with the last error when the signal aborts", async () => {
    const { redis, hub } = await startFixture(cleanUp);
    await hub.ready();
    await redis.kill("SIGKILL");
    const abort = new AbortController();
    const publishing = hub.publish({ userId: "leo" }, "note", 1, { signal: abort.signal, timeoutMs: 60_000 });
    abort.abort();
    await expect(publishing).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});

describe("hub.close", () => {
  it("waits for what is being published, then refuses everything with CLOSED", async () => {
    const hub = fixture.openHub();
    const publishing = hub.publish({ userId: "mo" }, "note", 1);
    await Promise.all([hub.close(), hub.close()]);
    expect((await publishing).duplicate).toBe(false);
    const closed = { code: "CLOSED" };
    await expect(hub.publish({ userId: "mo" }, "note", 2)).rejects.toMatchObject(closed);
    await expect(hub.publishMany([])).rejects.toMatchObject(closed);
    await expect(hub.ready()).rejects.toMatchObject(closed);
    await expect(hub.run({ userId: "mo", threadId: "t", agentName: "a" }, async () => 1)).rejects.toMatchObject(closed);
  });

  it("P6 ends open runs as cancelled by the system", async () => {
    const hub = fixture.openHub();
    const ending = hub.run({ userId: "nan", threadId: "t", agentName: "a" }, (run) => aborted(run.signal));
    await eventually(async () => (await fixture.eventsOf("nan")).length === 1);
    const [outcome] = await Promise.all([ending.catch((error: unknown) => error), hub.close()]);
    expect(outcome).toBeInstanceOf(DoorstepError);
    expect((await fixture.eventsOf("nan")).at(-1)).toMatchObject({ type: "agent_cancelled", data: { by: "system" } });
  });

  it("does not wait longer than asked for a Redis that does not answer", async () => {
    const { redis, hub } = await startFixture(cleanUp);
    await hub.ready();
    await redis.kill("SIGSTOP");
    cleanUp.add(() => redis.kill("SIGCONT"));
    const publishing = hub.publish({ userId: "ola" }, "note", 1, { timeoutMs: 60_000 });
    const outcome = publishing.catch((error: unknown) => error);
    const closing = hub.close({ drainMs: 50 });
    expect(await outcome).toMatchObject({ code: "UNAVAILABLE" });
    await redis.kill("SIGCONT");
    await closing;
  });
});

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
