import { afterAll, describe, expect, it } from "@jest/globals";
import { createCleanUp } from "@doorstep/testkit";
import { startFixture } from "./support/fixture.ts";

const cleanUp = createCleanUp();
afterAll(() => cleanUp.run());

describe("the publisher", () => {
  it("P1 repeats while Redis is out of memory and gets through once it is not", async () => {
    const { redis, store, hub, eventsOf } = await startFixture(cleanUp);
    await hub.ready();
    const admin = await store.openConnection("command");
    await admin.call("CONFIG", "SET", "maxmemory", "1");
    const refused = hub.publish({ userId: "ada" }, "note", 1, { timeoutMs: 100 });
    // UNAVAILABLE where patience ends while another try is under way.
    await expect(refused).rejects.toMatchObject({
      code: expect.stringMatching(/^(STORE_FULL|UNAVAILABLE)$/),
      retryable: true,
    });
    // By the same connection: a try that was still under way has been answered now, and was refused.
    await hub.presence("ada");
    const publishing = hub.publish({ userId: "ada" }, "note", 2);
    await admin.call("CONFIG", "SET", "maxmemory", "0");
    await publishing;
    expect((await eventsOf("ada")).map((event) => event.data)).toEqual([2]);
    expect(redis.port).toBeGreaterThan(0);
  });

  it("P1 logs an event once when the answer was lost and the append is repeated", async () => {
    const { redis, hub, eventsOf } = await startFixture(cleanUp, {}, { args: ["--appendfsync", "always"] });
    await hub.ready();
    // Appends in flight while Redis is killed: some have happened, none was answered.
    const publishing = Promise.all(
      Array.from({ length: 300 }, (_, n) => hub.publish({ userId: "bob" }, "note", n, { timeoutMs: 25_000 })),
    );
    await redis.kill("SIGKILL");
    await redis.restart();
    const results = await publishing;
    const events = await eventsOf("bob");
    // In order as well: what failed together is repeated together.
    expect(events.map((event) => event.data)).toEqual(results.map((_, n) => n));
    expect(new Set(events.map((event) => event.id)).size).toBe(300);
  });
});
