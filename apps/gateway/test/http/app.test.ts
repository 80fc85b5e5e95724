import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type ErrorCode, ERRORS } from "@doorstep/protocol";
import { createCleanUp, eventually, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import { bodyOf } from "@doorstep/store";
import {
  ADMIN_KEY,
  type HttpAnswer,
  READ_KEY,
  startTestGateway,
  type TestGateway,
  usersState,
} from "../support/gateway.ts";
import { openTestStore, type TestStore } from "../support/store.ts";

const cleanUp = createCleanUp();
let redis: RedisServer;
let gateway: TestGateway;
let hub: TestStore;

beforeAll(async () => {
  redis = await startRedis({ aof: false });
  cleanUp.add(() => redis.stop());
  hub = await openTestStore(cleanUp, redis.url);
  gateway = await startTestGateway(cleanUp, redis, { DOORSTEP_MAX_PAYLOAD_BYTES: "2048" });
});
afterAll(() => cleanUp.run());

const event = { userId: "ann", type: "note", data: { text: "hello" } };
const publish = (body: unknown, init?: RequestInit): Promise<HttpAnswer> => gateway.request("/v1/publish", body, init);
const batch = (events: unknown): Promise<HttpAnswer> => gateway.request("/v1/publish/batch", { events });
const withKey = (authorization: string, contentType = "application/json"): RequestInit => ({
  headers: { authorization, "content-type": contentType },
});
const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const length = async (userId: string): Promise<number> =>
  Number(await redisCall(redis.port, "XLEN", hub.store.log.keysOf(userId).log));

describe("malformed requests", () => {
  const good = `Bearer key-of-a-publisher`;
  const cases: [string, ErrorCode, () => Promise<HttpAnswer>][] = [
    ["no JSON", "INVALID_REQUEST", () => publish("{")],
    ["an empty body", "INVALID_REQUEST", () => publish("")],
    ["text", "INVALID_REQUEST", () => publish('"text"')],
    ["null", "INVALID_REQUEST", () => publish("null")],
    ["a number", "INVALID_REQUEST", () => publish("5")],
    ["a list", "INVALID_REQUEST", () => publish([event])],
    ["an empty object", "INVALID_REQUEST", () => publish({})],
    ["no type", "INVALID_REQUEST", () => publish({ ...event, type: undefined })],
    ["another charset", "INVALID_REQUEST", () => publish(event, withKey(good, "application/json; charset=klingon"))],
    [
      "a form",
      "INVALID_REQUEST",
      () => publish("userId=ann&type=note", withKey(good, "application/x-www-form-urlencoded")),
    ],
    ["text that looks like JSON", "INVALID_REQUEST", () => publish(event, withKey(good, "text/plain"))],
    ["an unknown field", "INVALID_REQUEST", () => publish({ ...event, priority: 1 })],
    ["__proto__", "INVALID_REQUEST", () => publish('{"userId":"ann","type":"note","__proto__":{"id":"x"}}')],
    ["no user", "INVALID_REQUEST", () => publish({ type: "note", data: 1 })],
    ["a user and users", "INVALID_REQUEST", () => publish({ ...event, userIds: ["bob"] })],
    ["no users", "INVALID_REQUEST", () => publish({ type: "note", userIds: [] })],
    ["1,001 users", "INVALID_REQUEST", () => publish({ type: "note", userIds: Array.from({ length: 1_001 }, String) })],
    ["a user that is a number", "INVALID_REQUEST", () => publish({ ...event, userId: 5 })],
    ["a user that is a list", "INVALID_REQUEST", () => publish({ ...event, userId: ["ann"] })],
    ["a type that is a number", "INVALID_REQUEST", () => publish({ ...event, type: 5 })],
    ["an id that is a number", "INVALID_REQUEST", () => publish({ ...event, id: 5 })],
    ["a delivery nobody knows", "INVALID_REQUEST", () => publish({ ...event, delivery: "certified" })],
    ["expiresInMs as text", "INVALID_REQUEST", () => publish({ ...event, expiresInMs: "1000" })],
    ["a collapseKey that is a list", "INVALID_REQUEST", () => publish({ ...event, collapseKey: [] })],
    ["an attempt as text", "INVALID_REQUEST", () => publish({ ...event, attempt: "1" })],
    ["an empty user", "INVALID_USER", () => publish({ ...event, userId: "" })],
    ["a user of 513 bytes", "INVALID_USER", () => publish({ ...event, userId: "x".repeat(513) })],
    ["a user of 257 umlauts", "INVALID_USER", () => publish({ ...event, userId: "ä".repeat(257) })],
    ["half a character", "INVALID_USER", () => publish('{"userId":"a\\ud800","type":"note","data":1}')],
    ["an empty type", "INVALID_EVENT", () => publish({ ...event, type: "" })],
    ["a type with a space", "INVALID_EVENT", () => publish({ ...event, type: "a b" })],
    ["a type with a quote", "INVALID_EVENT", () => publish({ ...event, type: 'a"b' })],
    ["a type of 129", "INVALID_EVENT", () => publish({ ...event, type: "x".repeat(129) })],
    ["an empty id", "INVALID_EVENT", () => publish({ ...event, id: "" })],
    ["an id that breaks out of JSON", "INVALID_EVENT", () => publish({ ...event, id: 'a","data":"b' })],
    ["an id with a line feed", "INVALID_EVENT", () => publish({ ...event, id: "a\nb" })],
    ["an id of 129", "INVALID_EVENT", () => publish({ ...event, id: "x".repeat(129) })],
    ["expiresInMs 0", "INVALID_EVENT", () => publish({ ...event, expiresInMs: 0 })],
    ["expiresInMs -1", "INVALID_EVENT", () => publish({ ...event, expiresInMs: -1 })],
    ["expiresInMs 1.5", "INVALID_EVENT", () => publish({ ...event, expiresInMs: 1.5 })],
    ["expiresInMs of 91 days", "INVALID_EVENT", () => publish({ ...event, expiresInMs: 91 * 86_400_000 })],
    ["a collapseKey with a space", "INVALID_EVENT", () => publish({ ...event, collapseKey: "a b" })],
    ["a thread with a brace", "INVALID_EVENT", () => publish({ ...event, threadId: "{1}" })],
    ["an attempt of 0", "INVALID_EVENT", () => publish({ ...event, attempt: 0 })],
    ["a source of 513", "INVALID_EVENT", () => publish({ ...event, source: "x".repeat(513) })],
    ["data nested 65 deep", "INVALID_EVENT", () => publish(`{"userId":"ann","type":"note","data":${nested(65)}}`)],
    [
      "data nested 20,000 deep",
      "INVALID_EVENT",
      () => publish(`{"userId":"ann","type":"note","data":${nested(20_000)}}`),
    ],
    ["an event over the limit", "TOO_LARGE", () => publish({ ...event, data: "x".repeat(2_048) })],
    ["an event over the limit in bytes", "TOO_LARGE", () => publish({ ...event, data: "ä".repeat(1_000) })],
    ["a body over the limit", "TOO_LARGE", () => publish({ ...event, data: "x".repeat(100_000) })],
    ["a batch of nothing", "INVALID_REQUEST", () => batch([])],
    ["a batch that is no list", "INVALID_REQUEST", () => batch(event)],
    ["a batch of 1,001", "INVALID_REQUEST", () => batch(Array.from({ length: 1_001 }, () => event))],
    ["a batch with a strange item", "INVALID_REQUEST", () => batch([event, 5])],
    ["a batch with an item without a user", "INVALID_REQUEST", () => batch([event, { type: "note", data: 1 }])],
    ["a batch body over 8 MiB", "TOO_LARGE", () => batch([{ ...event, data: "x".repeat(9_000_000) }])],
    ["no key", "UNAUTHORIZED", () => publish(event, { headers: { "content-type": "application/json" } })],
    ["an empty key", "UNAUTHORIZED", () => publish(event, withKey("Bearer "))],
    ["an unknown key", "UNAUTHORIZED", () => publish(event, withKey("Bearer key-of-nobody"))],
    ["a key in another scheme", "UNAUTHORIZED", () => publish(event, withKey("Basic key-of-a-publisher"))],
    ["a key with its role", "UNAUTHORIZED", () => publish(event, withKey(`${good}:publish`))],
    ["the key of a reader", "FORBIDDEN", () => publish(event, withKey(`Bearer ${READ_KEY}`))],
    ["an unknown route", "NOT_FOUND", () => gateway.request("/v1/unknown", event)],
    ["a route with a number", "NOT_FOUND", () => gateway.request("/v1/publish/1", event)],
    ["another method", "NOT_FOUND", () => gateway.request("/v1/publish", undefined, { method: "GET", body: null })],
    ["no route", "NOT_FOUND", () => gateway.request("/", undefined, { method: "GET", body: null })],
  ];

  it.each(cases)("%s: %s, nothing changes", async (_name, code, send) => {
    const before = await usersState(redis);
    const answer = await send();
    const { number, retryable, status } = ERRORS[code];
    expect(answer.body).toEqual({ code, number, retryable, message: expect.any(String) });
    expect(answer.status).toBe(status);
    expect(String(answer.body["message"])).not.toMatch(/\bat .*\.[jt]s:|node_modules/);
    expect(await usersState(redis)).toEqual(before);
  });

  it("leave a gateway that still publishes", async () => {
    expect((await publish(event)).status).toBe(200);
    expect(await length("ann")).toBe(1);
    expect([gateway.exits, gateway.log().includes("a request failed")]).toEqual([[], false]);
    expect(await gateway.metric("doorstep_published_events_total", { outcome: "TOO_LARGE" })).toBe(2);
  });
});

describe("publishing", () => {
  it("P1 appends an event and answers where it stands", async () => {
    const client = await gateway.connect("bob");
    await eventually(() => client.ready());
    const { status, body } = await publish({ ...event, userId: "bob", id: "o-1", threadId: "t1", expiresInMs: 60_000 });
    expect([status, body]).toEqual([200, { id: "o-1", offset: expect.stringMatching(/^\d+-\d+$/), duplicate: false }]);
    await eventually(() => expect(client.offsets()).toEqual([body["offset"]]));
    expect(client.items.at(-1)).toMatchObject({
      event: { id: "o-1", type: "note", threadId: "t1", data: { text: "hello" }, expiresAt: expect.any(String) },
    });
  });

  it("P1 answers a repetition with the first offset, and another body under the same id with a conflict", async () => {
    const first = await publish({ ...event, userId: "cy", id: "once" });
    const again = await publish({ ...event, userId: "cy", id: "once" });
    expect(again.body).toEqual({ ...first.body, duplicate: true });
    const other = await publish({ ...event, userId: "cy", id: "once", data: "other" });
    expect([other.status, other.body["code"]]).toEqual([409, "CONFLICT"]);
    expect(await length("cy")).toBe(1);
  });

  it("takes the key of an admin", async () => {
    expect((await publish({ ...event, userId: "dora" }, withKey(`Bearer ${ADMIN_KEY}`))).status).toBe(200);
  });

  it("gives ephemeral events no offset", async () => {
    const { body } = await publish({ ...event, userId: "eve", delivery: "ephemeral" });
    expect(body).toEqual({ id: expect.any(String), offset: null, duplicate: false });
    expect(await length("eve")).toBe(0);
  });

  it("publishes the same to several users, each for itself", async () => {
    const { status, body } = await publish({ type: "note", data: 1, userIds: ["m1", "", "m2"] });
    expect(status).toBe(200);
    expect(body["results"]).toEqual([
      { id: expect.any(String), offset: expect.any(String), duplicate: false },
      expect.objectContaining({ code: "INVALID_USER", retryable: false }),
      { id: expect.any(String), offset: expect.any(String), duplicate: false },
    ]);
  });
});

describe("a batch", () => {
  it("P1 keeps the order of each user's events", async () => {
    const events = Array.from({ length: 100 }, (_, n) => ({ userId: `b${n % 3}`, type: "note", data: n }));
    const { body } = await batch(events);
    expect(body["results"]).toHaveLength(100);
    for (const user of ["b0", "b1", "b2"]) {
      const keys = hub.store.log.keysOf(user);
      const { entries } = await hub.store.log.read(keys, "0-0", 1_000, 1_000_000);
      const sent = events.flatMap(({ userId, data }) => (userId === user ? [data] : []));
      expect(entries.map((entry) => (JSON.parse(bodyOf(entry)) as { data: number }).data)).toEqual(sent);
    }
  });

  it("succeeds item by item: one that cannot be published holds no other", async () => {
    await publish({ ...event, userId: "f1", id: "taken" });
    const { body } = await batch([
      { userId: "f1", type: "note", data: 1 },
      { userId: "f1", type: "note", data: "other", id: "taken" },
      { userId: "f1", type: "not valid", data: 2 },
      { userId: "f1", type: "note", data: 3 },
      { userId: "", type: "note", data: 4 },
      { userId: "f2", type: "note", data: "x".repeat(3_000) },
      { userId: "f2", type: "note", data: 6 },
    ]);
    const codes = (body["results"] as Record<string, unknown>[]).map((result) => result["code"] ?? "published");
    expect(codes).toEqual([
      "published",
      "CONFLICT",
      "INVALID_EVENT",
      "published",
      "INVALID_USER",
      "TOO_LARGE",
      "published",
    ]);
    expect([await length("f1"), await length("f2")]).toEqual([3, 1]);
  });
});

it("answers MAILBOX_FULL, retryable, with Retry-After", async () => {
  const small = await startTestGateway(cleanUp, redis, { DOORSTEP_MAILBOX_MAX_EVENTS: "2" });
  const send = (): Promise<HttpAnswer> => small.request("/v1/publish", { ...event, userId: "full" });
  expect([(await send()).status, (await send()).status]).toEqual([200, 200]);
  const answer = await send();
  expect([answer.status, answer.body["code"], answer.headers.get("retry-after")]).toEqual([429, "MAILBOX_FULL", "1"]);
});

it("P10 answers UNAVAILABLE where Redis is gone, while /healthz stays well and /readyz does not", async () => {
  const own = await startRedis({ aof: false });
  cleanUp.add(() => own.stop());
  const lonely = await startTestGateway(cleanUp, own);
  expect((await fetch(`${lonely.adminUrl}/readyz`)).status).toBe(200);
  await own.kill();
  const answer = await eventually(async () => {
    const answered = await lonely.request("/v1/publish", event);
    return answered.status === 503 && answered;
  });
  expect(answer.body).toMatchObject({ code: "UNAVAILABLE", retryable: true });
  await eventually(async () => (await fetch(`${lonely.adminUrl}/readyz`)).status === 503);
  expect((await fetch(`${lonely.adminUrl}/healthz`)).status).toBe(200);
  expect(lonely.exits).toEqual([]);
});
