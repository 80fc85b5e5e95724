import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type ErrorCode, ERRORS } from "@doorstep/protocol";
import { createCleanUp, eventually, type RedisServer, startRedis } from "@doorstep/testkit";
import { bodyOf } from "@doorstep/store";
import {
  ADMIN_KEY,
  type HttpAnswer,
  PUBLISH_KEY,
  READ_KEY,
  startTestGateway,
  type TestGateway,
} from "../support/gateway.ts";
import { openTestStore, type TestStore } from "../support/store.ts";

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const cleanUp = createCleanUp();
let redis: RedisServer;
let gateway: TestGateway;
let hub: TestStore;

beforeAll(async () => {
  redis = await startRedis({ aof: false });
  cleanUp.add(() => redis.stop());
  hub = await openTestStore(cleanUp, redis.url);
  gateway = await startTestGateway(cleanUp, redis, { DOORSTEP_PING_INTERVAL_MS: "100" });
});
afterAll(() => cleanUp.run());

function get(path: string, key: string | undefined = READ_KEY): Promise<HttpAnswer> {
  const headers: Record<string, string> = key === "" ? {} : { authorization: `Bearer ${key}` };
  return gateway.request(`/v1/users/${path}`, undefined, { method: "GET", headers, body: null });
}

async function publish(userId: string, id?: string): Promise<{ id: string; offset: string }> {
  const { body } = await gateway.request("/v1/publish", { userId, type: "note", data: 1, id });
  return { id: String(body["id"]), offset: String(body["offset"]) };
}

describe("requests that are refused", () => {
  const cases: [string, ErrorCode, () => Promise<HttpAnswer>][] = [
    ["a receipt without a key", "UNAUTHORIZED", () => get("ann/events/e1", "")],
    ["a receipt with an unknown key", "UNAUTHORIZED", () => get("ann/events/e1", "key-of-nobody")],
    ["a mailbox without a key", "UNAUTHORIZED", () => get("ann/mailbox", "")],
    ["presence without a key", "UNAUTHORIZED", () => get("ann/presence", "")],
    ["a mailbox with the key of a publisher", "FORBIDDEN", () => get("ann/mailbox", PUBLISH_KEY)],
    ["presence with the key of a publisher", "FORBIDDEN", () => get("ann/presence", PUBLISH_KEY)],
    ["an event nobody published", "NOT_FOUND", () => get("ann/events/e1")],
    ["an event at an offset beyond the log", "NOT_FOUND", () => get("ann/events/e1?offset=9999999999999999-0")],
    ["an event at the offset before all", "NOT_FOUND", () => get("ann/events/e1?offset=0-0")],
    ["no event", "NOT_FOUND", () => get("ann/events/")],
    ["no user", "NOT_FOUND", () => get("/mailbox")],
    ["another question", "NOT_FOUND", () => get("ann/secrets")],
    ["another method", "NOT_FOUND", () => gateway.request("/v1/users/ann/mailbox", {})],
    ["an offset that is none", "INVALID_OFFSET", () => get("ann/events/e1?offset=yesterday")],
    ["an empty offset", "INVALID_OFFSET", () => get("ann/events/e1?offset=")],
    ["an offset with a command", "INVALID_OFFSET", () => get("ann/events/e1?offset=1-1%20COUNT%205")],
    ["two offsets", "INVALID_REQUEST", () => get("ann/events/e1?offset=1-1&offset=1-2")],
    ["an unknown query", "INVALID_REQUEST", () => get("ann/events/e1?at=1-1")],
    ["a mailbox with a query", "INVALID_REQUEST", () => get("ann/mailbox?page=2")],
    ["presence with a query", "INVALID_REQUEST", () => get("ann/presence?gateway=1")],
    ["an event id with a space", "INVALID_REQUEST", () => get("ann/events/a%20b")],
    ["an event id that breaks out of JSON", "INVALID_REQUEST", () => get("ann/events/%22%7D")],
    ["an event id of 129", "INVALID_REQUEST", () => get(`ann/events/${"x".repeat(129)}`)],
    ["a path that is not percent-encoded", "INVALID_REQUEST", () => get("a%zz/mailbox")],
    ["a path that is no UTF-8", "INVALID_REQUEST", () => get("a%ff/mailbox")],
    ["a user of 513 bytes", "INVALID_USER", () => get(`${"x".repeat(513)}/mailbox`)],
  ];

  it.each(cases)("%s: %s", async (_name, code, send) => {
    const answer = await send();
    const { number, retryable, status } = ERRORS[code];
    expect(answer.body).toEqual({ code, number, retryable, message: expect.any(String) });
    expect(answer.status).toBe(status);
    expect(String(answer.body["message"])).not.toMatch(/\bat .*\.[jt]s:|node_modules/);
  });

  it("leave no trace in the log", () => {
    expect(gateway.log()).not.toContain("a request failed");
  });
});

describe("a receipt", () => {
  it.each([READ_KEY, PUBLISH_KEY, ADMIN_KEY])("tells %s what became of an event, by its id", async (key) => {
    const { id, offset } = await publish(key, "e:1/x");
    const answer = await get(`${key}/events/${encodeURIComponent(id)}`, key);
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        id,
        offset,
        state: "logged",
        publishedAt: expect.stringMatching(TIME),
        expiresAt: expect.stringMatching(TIME),
        escalatedAt: null,
        devices: 0,
        acknowledgedBy: null,
      },
    ]);
  });

  it("advises to give the offset where the id alone finds nothing", async () => {
    const { body } = await get("ann/events/unknown");
    expect(body["message"]).toContain("give the offset");
  });

  it("P3 follows an event into custody and to the device that acknowledges it, and counts none that came later", async () => {
    const { id, offset } = await publish("ben");
    const receipt = async () => (await get(`ben/events/${id}?offset=${offset}`)).body;
    await hub.hold("ben");
    expect(await receipt()).toMatchObject({ state: "held", devices: 0 });
    await gateway.connect("ben", { clientId: "phone" });
    await eventually(async () => expect(await receipt()).toMatchObject({ state: "acknowledged", devices: 1 }));
    expect((await receipt())["acknowledgedBy"]).toMatch(TIME);
    await gateway.clients.run();
    // One that starts after the event never had it.
    const late = await gateway.connect("ben", { clientId: "late" });
    const next = await publish("ben");
    await eventually(() => expect(late.offsets()).toEqual([next.offset]));
    await eventually(async () => expect((await get(`ben/events/${next.id}`)).body).toMatchObject({ devices: 1 }));
    expect(await receipt()).toMatchObject({ devices: 1 });
    await gateway.clients.run();
  });

  it("P3 counts a device that presents an offset for what it acknowledged so, and for all it did before", async () => {
    const [first, second] = [await publish("bo"), await publish("bo")];
    const counts = async (): Promise<unknown[]> => {
      const answers = await Promise.all([first, second].map(({ id }) => get(`bo/events/${id}`)));
      return answers.map(({ body }) => body["devices"]);
    };
    const phone = await gateway.connect("bo", { clientId: "phone", ack: "manual" });
    await eventually(() => expect(phone.offsets()).toEqual([first.offset, second.offset]));
    phone.socket.emit("ack", { offset: first.offset });
    await eventually(async () => expect(await counts()).toEqual([1, 0]));
    await gateway.clients.run();
    await gateway.connect("bo", { clientId: "phone", ack: "manual", offset: second.offset });
    await eventually(async () => expect(await counts()).toEqual([1, 1]));
    await gateway.clients.run();
  });

  it("counts no device that was told of a gap in the event's place", async () => {
    const small = await openTestStore(cleanUp, redis.url, { logMaxEvents: 1 });
    const { id, offset } = await publish("gap");
    await gateway.connect("gap", { clientId: "phone" });
    const isAcked = async (event: { id: string; offset: string }) => {
      const { body } = await get(`gap/events/${event.id}?offset=${event.offset}`);
      expect(body["state"]).toBe("acknowledged");
      return body;
    };
    await eventually(() => isAcked({ id, offset }));
    await gateway.clients.run();
    // Beyond the retention of this store the event leaves the log.
    await small.publish("gap", 64);
    const old = await gateway.connect("gap", { clientId: "old", offset: "1-1" });
    await eventually(() => expect(old.gaps()).toHaveLength(1));
    const last = await publish("gap");
    await eventually(async () => expect(await isAcked(last)).toMatchObject({ devices: 1 }));
    expect(await isAcked({ id, offset })).toMatchObject({ devices: 1 });
    await gateway.clients.run();
  });

  it("tells of an expired event", async () => {
    const [offset = ""] = await hub.publish("cy", 1);
    const { entries } = await hub.store.log.read(hub.store.log.keysOf("cy"), "0-0", 1, 1);
    const [id] = entries.map((entry) => (JSON.parse(bodyOf(entry)) as { id: string }).id);
    const [parcel] = await hub.hold("cy");
    if (parcel === undefined) throw new Error("nothing was held");
    await hub.expire("cy", parcel, [offset]);
    const { body } = await get(`cy/events/${id}?offset=${offset}`);
    expect(body).toMatchObject({ state: "expired", devices: 0, acknowledgedBy: null, expiresAt: null });
  });
});

describe("a mailbox", () => {
  it("tells what waits for a user, also of a name with slashes", async () => {
    const userId = "team/дора";
    const offsets = await hub.publish(userId, 3);
    await hub.hold(userId);
    const answer = await get(`${encodeURIComponent(userId)}/mailbox`, ADMIN_KEY);
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        undelivered: 3,
        bytes: expect.any(Number),
        oldestAt: expect.stringMatching(TIME),
        parcels: 1,
        tombstones: 0,
        head: offsets[2],
        acked: "0-0",
      },
    ]);
  });

  it("is empty for a user nobody published to", async () => {
    const { status, body } = await get("nobody/mailbox");
    expect([status, body]).toMatchObject([200, { undelivered: 0, bytes: 0, oldestAt: null }]);
  });
});

describe("presence", () => {
  it("tells who is connected where, and since when", async () => {
    await expect(get("eve/presence").then(({ body }) => body)).resolves.toEqual({ online: false, connections: [] });
    const clients = [await gateway.connect("eve"), await gateway.connect("eve")];
    await eventually(() => clients.every((client) => client.ready()));
    const names = clients.map((client) => client.ready()?.gateway);
    const { body } = await eventually(async () => {
      const answer = await get("eve/presence");
      expect(answer.body["connections"]).toHaveLength(2);
      return answer;
    });
    expect(body).toEqual({
      online: true,
      connections: names.map((name) => ({
        socketId: expect.any(String),
        gateway: name,
        since: expect.stringMatching(TIME),
      })),
    });
    await gateway.clients.run();
    await eventually(async () => expect((await get("eve/presence")).body).toEqual({ online: false, connections: [] }));
  });

  it("P4 of one user is not another's", async () => {
    await gateway.connect("fay");
    await eventually(async () => expect((await get("fay/presence")).body["online"]).toBe(true));
    expect((await get("gus/presence")).body["online"]).toBe(false);
    await gateway.clients.run();
  });
});
