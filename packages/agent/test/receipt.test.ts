import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createCleanUp, freePort } from "@doorstep/testkit";
import { createHub } from "../src/index.ts";
import { type Fixture, startFixture } from "./support/fixture.ts";

const cleanUp = createCleanUp();
let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture(cleanUp);
});
afterAll(() => cleanUp.run());

describe("hub.receipt", () => {
  it("P3 tells what became of what was published, by the answer or by the id", async () => {
    const { hub, store } = fixture;
    const result = await hub.publish({ userId: "ada" }, "note", 1, { id: "mine" });
    const logged = { id: "mine", offset: result.offset, state: "logged", devices: 0, acknowledgedByMs: null };
    await expect(hub.receipt("ada", result)).resolves.toMatchObject(logged);
    await expect(hub.receipt("ada", "mine")).resolves.toMatchObject(logged);
    await store.log.ack(store.log.keysOf("ada"), String(result.offset));
    await expect(hub.receipt("ada", result)).resolves.toMatchObject({ state: "acknowledged" });
  });

  it.each([
    ["NOT_FOUND", "ada", "unknown"],
    ["NOT_FOUND", "nobody", "mine"],
    ["NOT_FOUND", "ada", { id: "mine", offset: null }],
    ["NOT_FOUND", "ada", { id: "mine", offset: "1-1" }],
    ["INVALID_OFFSET", "ada", { id: "mine", offset: "yesterday" }],
    ["INVALID_USER", "", "mine"],
  ])("throws %s for user %j and event %j", async (code, userId, event) => {
    await expect(fixture.hub.receipt(userId, event)).rejects.toMatchObject({ code });
  });

  it("P4 tells nothing of another user's event", async () => {
    const forAda = await fixture.hub.publish({ userId: "ada" }, "note", 1);
    await fixture.hub.publish({ userId: "bob" }, "note", 1);
    await expect(fixture.hub.receipt("bob", forAda)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("hub.mailbox", () => {
  it("tells what waits for a user, and nothing for one nobody published to", async () => {
    const { hub } = fixture;
    const { offset } = await hub.publish({ userId: "cy" }, "note", 1);
    await expect(hub.mailbox("cy")).resolves.toMatchObject({ undelivered: 1, parcels: 0, head: offset, acked: "0-0" });
    await expect(hub.mailbox("nobody")).resolves.toMatchObject({ undelivered: 0, oldestAtMs: null, head: "0-0" });
  });
});

describe("hub.presence", () => {
  it("tells the sockets of a user on gateways that live", async () => {
    const { hub, store } = fixture;
    await store.presence.renewLease("gw", 30_000, "");
    await store.presence.connected(store.log.keysOf("dee"), "socket", "gw");
    await store.presence.connected(store.log.keysOf("dee"), "lost", "gw-dead");
    await expect(hub.presence("dee")).resolves.toEqual([
      { socketId: "socket", gatewayId: "gw", sinceMs: expect.any(Number) },
    ]);
    await expect(hub.presence("nobody")).resolves.toEqual([]);
  });
});

it("asking throws UNAVAILABLE where Redis is away, and CLOSED once the hub is", async () => {
  const redis = `redis://127.0.0.1:${await freePort()}`;
  const hub = createHub({ redis, source: "urn:test", timeoutMs: 200 });
  cleanUp.add(() => hub.close());
  await expect(hub.mailbox("ada")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await hub.close();
  for (const ask of [() => hub.receipt("ada", "mine"), () => hub.mailbox("ada"), () => hub.presence("ada")]) {
    await expect(ask()).rejects.toMatchObject({ code: "CLOSED" });
  }
});
