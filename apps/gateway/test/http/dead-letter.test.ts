import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { type CourierMailbox, openCourierMailbox } from "@doorstep/mailbox";
import { type ErrorCode, ERRORS, type PublishResult } from "@doorstep/protocol";
import { createCleanUp, eventually, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import {
  ADMIN_KEY,
  type HttpAnswer,
  PUBLISH_KEY,
  READ_KEY,
  startTestGateway,
  type TestGateway,
  usersState,
} from "../support/gateway.ts";
import { openTestStore, type TestStore } from "../support/store.ts";

const PATH = "/v1/dead-letters";
const cleanUp = createCleanUp();
let redis: RedisServer;
let gateway: TestGateway;
let hub: TestStore;
let courier: CourierMailbox;
let expired = 0;

beforeAll(async () => {
  redis = await startRedis({ aof: false });
  cleanUp.add(() => redis.stop());
  hub = await openTestStore(cleanUp, redis.url);
  gateway = await startTestGateway(cleanUp, redis, { DOORSTEP_MAILBOX_MAX_EVENTS: "3" });
  courier = await openCourierMailbox({
    store: hub.store,
    graceMs: 0,
    pingIntervalMs: 0,
    liveHoldMs: 0,
    stalledIntervalMs: 30_000,
    onStored: () => undefined,
    onExpired: () => void (expired += 1),
    onError: () => undefined,
  });
  cleanUp.add(() => courier.close());
});
afterAll(() => cleanUp.run());

async function call(method: string, path: string, key: string | undefined, body?: unknown): Promise<HttpAnswer> {
  const authorization: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return gateway.request(path, undefined, {
    method,
    headers: { "content-type": "application/json", ...authorization },
    body: body === undefined ? null : text,
  });
}

const read = (path = ""): Promise<HttpAnswer> => call("GET", `${PATH}${path}`, READ_KEY);
const admin = (method: string, path: string, body?: unknown): Promise<HttpAnswer> =>
  call(method, `${PATH}${path}`, ADMIN_KEY, body);
const lettersOf = ({ body }: HttpAnswer) => body["deadLetters"] as Record<string, unknown>[];
const idsOf = (answer: HttpAnswer): string[] => lettersOf(answer).map(({ id }) => String(id));

/** Publishes two events that expire at once, lets a courier end them, and returns the id of their dead letter. */
async function makeLetter(userId: string): Promise<string> {
  const event = { userId, type: "note", expiresInMs: 1 };
  const { body } = await gateway.request("/v1/publish/batch", {
    events: [
      { ...event, id: `${userId}-1`, data: { n: 1 } },
      { ...event, id: `${userId}-2`, data: { n: 2 }, threadId: "t1" },
    ],
  });
  expect(body["results"]).toMatchObject([{ duplicate: false }, { duplicate: false }]);
  const before = expired;
  await courier.sweep([hub.store.log.keysOf(userId).partition], new AbortController().signal);
  await eventually(() => expired === before + 1);
  const ids = idsOf(await read(`?userId=${encodeURIComponent(userId)}&limit=100`));
  return ids.at(-1) ?? "";
}

describe("requests that are refused", () => {
  const ID = "dl.uann.0-0.1-1";
  const cases: [string, ErrorCode, () => Promise<HttpAnswer>][] = [
    ["listing without a key", "UNAUTHORIZED", () => call("GET", PATH, undefined)],
    ["listing with the key of a publisher", "FORBIDDEN", () => call("GET", PATH, PUBLISH_KEY)],
    ["inspecting with the key of a publisher", "FORBIDDEN", () => call("GET", `${PATH}/${ID}`, PUBLISH_KEY)],
    ["replaying with the key of a reader", "FORBIDDEN", () => call("POST", `${PATH}/${ID}/replay`, READ_KEY)],
    ["purging with the key of a reader", "FORBIDDEN", () => call("DELETE", `${PATH}/${ID}`, READ_KEY)],
    [
      "purging many with the key of a reader",
      "FORBIDDEN",
      () => call("POST", `${PATH}/purge`, READ_KEY, { olderThanMs: 0 }),
    ],
    ["a limit of 0", "INVALID_REQUEST", () => read("?limit=0")],
    ["a limit of 101", "INVALID_REQUEST", () => read("?limit=101")],
    ["a limit that is no number", "INVALID_REQUEST", () => read("?limit=many")],
    ["an empty limit", "INVALID_REQUEST", () => read("?limit=")],
    ["two limits", "INVALID_REQUEST", () => read("?limit=1&limit=2")],
    ["a place nobody gave", "INVALID_REQUEST", () => read("?after=inf")],
    ["a place of 17 digits", "INVALID_REQUEST", () => read(`?after=${"1".repeat(17)}`)],
    ["a reason nobody knows", "INVALID_REQUEST", () => read("?reason=lost")],
    ["an unknown parameter", "INVALID_REQUEST", () => read("?page=2")],
    ["an empty user", "INVALID_USER", () => read("?userId=")],
    ["a letter that is not there", "NOT_FOUND", () => read(`/${ID}`)],
    ["a letter of no form", "NOT_FOUND", () => read("/meta")],
    ["a letter with a slash", "NOT_FOUND", () => read("/%2e%2e%2fmeta")],
    ["replaying what is not there", "NOT_FOUND", () => admin("POST", `/${ID}/replay`)],
    ["purging what is not there", "NOT_FOUND", () => admin("DELETE", `/${ID}`)],
    ["purging everything by mistake", "INVALID_REQUEST", () => admin("POST", "/purge", {})],
    ["purging without a body", "INVALID_REQUEST", () => admin("POST", "/purge")],
    ["purging with text", "INVALID_REQUEST", () => admin("POST", "/purge", '"all"')],
    ["purging by an age below 0", "INVALID_REQUEST", () => admin("POST", "/purge", { olderThanMs: -1 })],
    ["purging by an age as text", "INVALID_REQUEST", () => admin("POST", "/purge", { olderThanMs: "1" })],
    ["purging by half a millisecond", "INVALID_REQUEST", () => admin("POST", "/purge", { olderThanMs: 0.5 })],
    ["purging by an unknown field", "INVALID_REQUEST", () => admin("POST", "/purge", { olderThanMs: 0, id: ID })],
    ["purging by a reason nobody knows", "INVALID_REQUEST", () => admin("POST", "/purge", { reason: "lost" })],
    ["purging a user that is a number", "INVALID_REQUEST", () => admin("POST", "/purge", { userId: 5 })],
    ["another method", "NOT_FOUND", () => admin("PUT", `/${ID}`, {})],
  ];

  beforeAll(() => makeLetter("kept"));

  it.each(cases)("%s: %s, nothing changes", async (_name, code, send) => {
    const before = [await usersState(redis), idsOf(await read())];
    const answer = await send();
    const { number, retryable, status } = ERRORS[code];
    expect(answer.body).toEqual({ code, number, retryable, message: expect.any(String) });
    expect(answer.status).toBe(status);
    expect([await usersState(redis), idsOf(await read())]).toEqual(before);
    expect(before[1]).toHaveLength(1);
  });
});

describe("dead letters over HTTP", () => {
  beforeEach(async () => {
    await admin("POST", "/purge", { olderThanMs: 0 });
  });

  it("are listed page by page, oldest first, for readers and admins", async () => {
    const ids = [await makeLetter("l1"), await makeLetter("l2"), await makeLetter("l3")];
    const first = await read("?limit=2");
    expect([first.status, idsOf(first)]).toEqual([200, ids.slice(0, 2)]);
    const second = await admin("GET", `?limit=2&after=${String(first.body["next"])}`);
    expect([idsOf(second), second.body["next"]]).toEqual([ids.slice(2), null]);
    expect(idsOf(await read("?userId=l2&reason=expired"))).toEqual([ids[1]]);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(lettersOf(first)[0]).toEqual({
      id: ids[0],
      userId: "l1",
      reason: "expired",
      from: "0-0",
      to: expect.stringMatching(/^\d+-\d+$/),
      count: 2,
      bytes: expect.any(Number),
      publishedAt: time,
      heldAt: time,
      deadAt: time,
      keptUntil: time,
    });
  });

  it("are told whole, with their events as a client would have got them", async () => {
    const id = await makeLetter("whole");
    const { status, body } = await read(`/${id}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id, userId: "whole", count: 2 });
    expect(body["history"]).toEqual([
      { at: body["heldAt"], what: "held" },
      { at: body["deadAt"], what: "expired" },
    ]);
    const [first, second] = body["events"] as Record<string, unknown>[];
    expect(first).toMatchObject({ id: "whole-1", type: "note", data: { n: 1 }, expiresAt: expect.any(String) });
    expect(second).toMatchObject({ id: "whole-2", threadId: "t1", offset: body["to"] });
  });

  it("are replayed: a connected user gets the events with the same ids and new offsets", async () => {
    const id = await makeLetter("back");
    const { body: letter } = await read(`/${id}`);
    const client = await gateway.connect("back", { offset: "$" });
    await eventually(() => client.ready());
    const { status, body } = await admin("POST", `/${id}/replay`);
    expect(status).toBe(200);
    const results = body["results"] as PublishResult[];
    expect(results.map((result) => [result.id, result.duplicate])).toEqual([
      ["back-1", false],
      ["back-2", false],
    ]);
    await eventually(() => expect(client.offsets()).toEqual(results.map(({ offset }) => offset)));
    const old = new Set((letter["events"] as { offset: string }[]).map(({ offset }) => offset));
    expect(client.offsets().filter((offset) => old.has(offset))).toEqual([]);
    expect((await read(`/${id}`)).body["code"]).toBe("NOT_FOUND");
    expect(await gateway.metric("doorstep_dead_letters_ended_total", { outcome: "replayed" })).toBe(1);
  });

  it("P10 stay where the user's mailbox is full", async () => {
    const id = await makeLetter("full");
    for (const data of [1, 2]) await gateway.request("/v1/publish", { userId: "full", type: "note", data });
    const answer = await admin("POST", `/${id}/replay`);
    expect([answer.status, answer.body["code"], answer.headers.get("retry-after")]).toEqual([429, "MAILBOX_FULL", "1"]);
    expect((await read(`/${id}`)).status).toBe(200);
  });

  it("are purged one by one, and by filter", async () => {
    const ids = [await makeLetter("p1"), await makeLetter("p2"), await makeLetter("p3")];
    expect((await admin("DELETE", `/${ids[0]}`)).body).toEqual({ purged: 1 });
    expect((await admin("POST", "/purge", { userId: "p3", reason: "expired" })).body).toEqual({
      purged: 1,
      next: null,
    });
    expect(idsOf(await read())).toEqual([ids[1]]);
    expect((await admin("POST", "/purge", { olderThanMs: 3_600_000 })).body).toEqual({ purged: 0, next: null });
  });

  it("show a body that is no event as the text that it is", async () => {
    const id = await makeLetter("odd");
    const key = `{ds:dl}:dead-letter:${id}`;
    const data = JSON.parse(String(await redisCall(redis.port, "HGET", key, "data"))) as { events: [string, string][] };
    data.events = [
      ["1-1", "{"],
      ["1-2", "5"],
    ];
    await redisCall(redis.port, "HSET", key, "data", JSON.stringify(data));
    expect((await read(`/${id}`)).body["events"]).toEqual([
      { offset: "1-1", unreadable: "{" },
      { offset: "1-2", unreadable: "5" },
    ]);
    expect((await admin("POST", `/${id}/replay`)).body["code"]).toBe("INVALID_EVENT");
  });
});
