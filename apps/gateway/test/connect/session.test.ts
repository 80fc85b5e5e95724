import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { ERRORS, type ErrorAnswer, type WebPushSubscription } from "@doorstep/protocol";
import { createCleanUp, eventually, redisCall, type RedisServer, startRedis } from "@doorstep/testkit";
import type { TestClient } from "../support/client.ts";
import { startTestGateway, type TestGateway, usersState } from "../support/gateway.ts";
import { openTestStore, type TestStore } from "../support/store.ts";
import { sign, tokenOf } from "../support/token.ts";

const cleanUp = createCleanUp();
let redis: RedisServer;
let gateway: TestGateway;
let hub: TestStore;

beforeAll(async () => {
  redis = await startRedis({ aof: false });
  cleanUp.add(() => redis.stop());
  hub = await openTestStore(cleanUp, redis.url);
  gateway = await startTestGateway(cleanUp, redis);
});
afterAll(() => cleanUp.run());
afterEach(() => gateway.clients.run());

/** A device of `ann` that is live and acknowledges nothing by itself. */
async function connectReady(userId = "ann", auth: object = {}): Promise<TestClient> {
  const client = await gateway.connect(userId, { ack: "manual", ...auth });
  await eventually(() => client.ready());
  return client;
}

/** A subscription as a browser gives it. */
const browser = (endpoint = "https://push.example/1"): WebPushSubscription => ({
  endpoint,
  keys: { p256dh: `BA${"x".repeat(85)}`, auth: "x".repeat(22) },
});
const LONG_ENDPOINT = `https://push.example/${"x".repeat(3_000)}`;
const BYTES = { p256dh: Buffer.alloc(65, 4), auth: Buffer.alloc(16) };

/** Sends a message and waits for its answer. */
const ask = (client: TestClient, name: string, ...args: unknown[]): Promise<ErrorAnswer> =>
  client.socket.timeout(5_000).emitWithAck(name, ...args) as Promise<ErrorAnswer>;

const badMessages = (code?: string): Promise<number> =>
  gateway.metric("doorstep_bad_messages_total", code === undefined ? {} : { code });

describe("malformed messages", () => {
  let length = 0;
  const messages: [string, string, unknown[], string][] = [
    ["an unknown name", "publish", [{ userId: "bob" }], "UNKNOWN_MESSAGE"],
    ["a name of Object.prototype", "__proto__", [], "UNKNOWN_MESSAGE"],
    ["a name of EventEmitter", "error", [{}], "UNKNOWN_MESSAGE"],
    ["an empty name", "", [], "UNKNOWN_MESSAGE"],
    ["a name of 20,000 characters", "x".repeat(20_000), [], "UNKNOWN_MESSAGE"],
    ["the hub's own events", "events", [[{ id: "e1" }]], "UNKNOWN_MESSAGE"],
    ["ack of nothing", "ack", [], "INVALID_REQUEST"],
    ["ack of null", "ack", [null], "INVALID_REQUEST"],
    ["ack of a number", "ack", [5], "INVALID_REQUEST"],
    ["ack of text", "ack", ["1-0"], "INVALID_REQUEST"],
    ["ack of a list", "ack", [["1-0"]], "INVALID_REQUEST"],
    ["ack of a switch", "ack", [true], "INVALID_REQUEST"],
    ["ack of bytes", "ack", [Buffer.from("1-0")], "INVALID_OFFSET"],
    ["ack without an offset", "ack", [{}], "INVALID_OFFSET"],
    ["ack of an offset that is a number", "ack", [{ offset: 1 }], "INVALID_OFFSET"],
    ["ack of a negative offset", "ack", [{ offset: "-1-0" }], "INVALID_OFFSET"],
    ["ack of a half offset", "ack", [{ offset: "1700000000000" }], "INVALID_OFFSET"],
    ["ack of everything", "ack", [{ offset: "+" }], "INVALID_OFFSET"],
    ["ack of from now", "ack", [{ offset: "$" }], "INVALID_OFFSET"],
    ["ack of an offset of 60,000 digits", "ack", [{ offset: `${"9".repeat(60_000)}-0` }], "INVALID_OFFSET"],
    ["ack of an offset that is bytes", "ack", [{ offset: Buffer.from("1-0") }], "INVALID_OFFSET"],
    ["command of nothing", "command", [], "INVALID_REQUEST"],
    ["command without ids", "command", [{}], "INVALID_REQUEST"],
    ["command with a hostile run", "command", [{ id: "c1", runId: "r 1\n", name: "cancel" }], "INVALID_REQUEST"],
    ["command whose name is no text", "command", [{ id: "c1", runId: "r1", name: {} }], "INVALID_REQUEST"],
    ["refresh of nothing", "refresh", [], "INVALID_REQUEST"],
    ["refresh of a number", "refresh", [{ token: 5 }], "INVALID_REQUEST"],
    ["refresh with an empty token", "refresh", [{ token: "" }], "INVALID_REQUEST"],
    ["refresh with a token of 9,000", "refresh", [{ token: "x".repeat(9_000) }], "INVALID_REQUEST"],
    ["push of nothing", "push", [], "INVALID_REQUEST"],
    ["push of an empty change", "push", [{}], "INVALID_REQUEST"],
    [
      "push with a plain http endpoint",
      "push",
      [{ subscription: browser("http://push.example/1") }],
      "INVALID_REQUEST",
    ],
    ["push with an endpoint of 3,000", "push", [{ subscription: browser(LONG_ENDPOINT) }], "INVALID_REQUEST"],
    ["push without keys", "push", [{ subscription: { endpoint: "https://push.example/1" } }], "INVALID_REQUEST"],
    ["push with keys that are bytes", "push", [{ subscription: { ...browser(), keys: BYTES } }], "INVALID_REQUEST"],
    ["push of an end without its endpoint", "push", [{ remove: true }], "INVALID_REQUEST"],
    ["refresh with what is no token", "refresh", [{ token: "a.b.c" }], "TOKEN_INVALID"],
  ];

  it.each(messages)("%s: a coded answer, and nothing changes", async (_name, message, args, code) => {
    length = length === 0 ? (await hub.publish("ann", 3)).length : length;
    const client = await connectReady();
    const [state, count] = [await usersState(redis), await badMessages(code)];
    const answer = await ask(client, message, ...args);
    expect(answer).toMatchObject({
      code,
      number: ERRORS[answer.code].number,
      retryable: ERRORS[answer.code].retryable,
    });
    expect(await badMessages(code)).toBe(count + 1);
    expect(await usersState(redis)).toEqual(state);
    expect(client.disconnects).toEqual([]);
    // It is still served.
    const [offset] = await hub.publish("ann", 1);
    await eventually(() => expect(client.offsets().at(-1)).toBe(offset));
  });

  it.each([
    ['2["ack"]', "INVALID_REQUEST"],
    ['2["ack",{"offset":"x"},"no function"]', "INVALID_OFFSET"],
    ['2["ack",{"offset":"x"},5,null]', "INVALID_OFFSET"],
    ['2["command",{"id":1}]', "INVALID_REQUEST"],
    ['2["command",{"id":1},{"call":"me"}]', "INVALID_REQUEST"],
    ['2["refresh",{"token":"a.b.c"}]', "TOKEN_INVALID"],
    ['2["nothing"]', "UNKNOWN_MESSAGE"],
    ["2[5]", "UNKNOWN_MESSAGE"],
    ['2["constructor",{}]', "UNKNOWN_MESSAGE"],
  ])("%s without a callback is counted and harms nobody", async (packet, code) => {
    const client = await connectReady();
    const count = await badMessages(code);
    client.sendRaw(packet);
    await eventually(async () => expect(await badMessages(code)).toBe(count + 1));
    expect(await ask(client, "nothing")).toMatchObject({ code: "UNKNOWN_MESSAGE" });
    expect(gateway.exits).toEqual([]);
  });

  it("answers a well-formed command of a run that is not there with a receipt", async () => {
    const client = await connectReady();
    const receipt = await ask(client, "command", { id: "c1", runId: "r1", name: "cancel" });
    expect(receipt).toEqual({ status: "rejected", code: "NOT_FOUND" });
    client.sendRaw('2["command",{"id":"c1","runId":"r1","name":"cancel"}]');
    expect(await ask(client, "nothing")).toMatchObject({ code: "UNKNOWN_MESSAGE" });
  });

  it("P8 closes whoever sends more than ten, with BAD_MESSAGES, and that client stays away", async () => {
    const client = await gateway.connect("ann", {}, { reconnection: true });
    await eventually(() => client.ready());
    for (let n = 0; n < 10; n++) expect(await ask(client, "nonsense")).toMatchObject({ code: "UNKNOWN_MESSAGE" });
    expect(client.disconnects).toEqual([]);
    client.sendRaw('2["nonsense"]');
    await eventually(() => expect(client.disconnects).toEqual(["io server disconnect"]));
    expect(client.said("closing")).toEqual([
      { code: "BAD_MESSAGES", number: 4502, message: expect.any(String), retryable: false },
    ]);
    expect(client.socket.active).toBe(false);
    expect(await gateway.metric("doorstep_closings_total", { code: "BAD_MESSAGES" })).toBe(1);
  });
});

describe("a Web Push subscription", () => {
  const listed = (userId: string) => hub.store.pushSubscriptions.list(hub.store.log.keysOf(userId));

  it("P4 is kept for the socket's user, whoever the message names, and removed by its endpoint", async () => {
    const client = await connectReady("eve", { clientId: "laptop" });
    const first = { subscription: { ...browser(), expirationTime: null }, userId: "bob" };
    expect(await ask(client, "push", first)).toEqual({ ok: true });
    expect(await ask(client, "push", { subscription: browser("https://push.example/2") })).toEqual({ ok: true });
    const list = await listed("eve");
    expect(list).toHaveLength(2);
    expect(list).toContainEqual({ ...browser(), clientId: "laptop", sinceMs: expect.any(Number) });
    const stranger = await connectReady("bob");
    expect(await ask(stranger, "push", { endpoint: browser().endpoint, remove: true })).toEqual({ ok: true });
    expect(await listed("eve")).toHaveLength(2);
    expect(await ask(client, "push", { endpoint: browser().endpoint, remove: true })).toEqual({ ok: true });
    expect(await listed("eve")).toMatchObject([{ endpoint: "https://push.example/2" }]);
    expect(await listed("bob")).toEqual([]);
  });

  it("is kept without a callback as well", async () => {
    const client = await connectReady("kim");
    client.socket.emit("push", { subscription: browser() });
    await eventually(async () => expect(await listed("kim")).toHaveLength(1));
  });

  it("P8 has no more than four changes of a socket on their way at a time, and closes whoever goes on", async () => {
    const client = await connectReady("max");
    await redisCall(redis.port, "CLIENT", "PAUSE", "20000", "WRITE");
    const answers = Array.from({ length: 6 }, () => ask(client, "push", { subscription: browser() }));
    const refused = { ok: false, code: "RATE_LIMITED", retryable: true };
    await Promise.all(answers.slice(4).map((answer) => expect(answer).resolves.toMatchObject(refused)));
    await redisCall(redis.port, "CLIENT", "UNPAUSE");
    expect(await Promise.all(answers.slice(0, 4))).toEqual(Array.from({ length: 4 }, () => ({ ok: true })));
    expect(await ask(client, "push", { subscription: browser() })).toEqual({ ok: true });
    await redisCall(redis.port, "CLIENT", "PAUSE", "20000", "WRITE");
    for (let n = 0; n < 20; n++) client.socket.emit("push", { subscription: browser() });
    await eventually(() => expect(client.said("closing")).toMatchObject([{ code: "BAD_MESSAGES" }]));
    await redisCall(redis.port, "CLIENT", "UNPAUSE");
  });

  it("is refused with STORE_FULL when Redis is, which does not count against the client", async () => {
    const client = await connectReady("zoe");
    expect(await ask(client, "push", { subscription: browser() })).toEqual({ ok: true });
    await redisCall(redis.port, "CONFIG", "SET", "maxmemory", "1");
    const answers = [];
    for (let n = 0; n < 12; n++)
      answers.push(await ask(client, "push", { subscription: browser(`https://p.example/${n}`) }));
    const removed = await ask(client, "push", { endpoint: browser().endpoint, remove: true });
    await redisCall(redis.port, "CONFIG", "SET", "maxmemory", "0");
    for (const answer of answers) expect(answer).toMatchObject({ ok: false, code: "STORE_FULL", retryable: true });
    expect(removed).toEqual({ ok: true });
    expect(await listed("zoe")).toEqual([]);
    expect(client.disconnects).toEqual([]);
  });
});

describe("a token that ends", () => {
  const refresh = (client: TestClient, token: string): Promise<unknown> => ask(client, "refresh", { token });
  const soon = (lifeMs: number): Promise<string> => tokenOf("ann", lifeMs);

  it("is told by `expiring`, and then closes the socket with TOKEN_EXPIRED, retryable", async () => {
    const token = await soon(700);
    const client = gateway.handshake({ token });
    await eventually(() => expect(client.said("expiring")).toHaveLength(1));
    const { at } = client.said("expiring")[0] as { at: string };
    expect(Date.parse(at)).toBeGreaterThan(Date.now() - 1_000);
    await eventually(() => expect(client.disconnects).toEqual(["transport close"]));
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(at));
    expect(client.said("closing")).toMatchObject([{ code: "TOKEN_EXPIRED", number: 4300, retryable: true }]);
  });

  it("says nothing early to one that lives longer than a minute", async () => {
    const client = await connectReady();
    const [offset] = await hub.publish("ann", 1);
    await eventually(() => expect(client.offsets().at(-1)).toBe(offset));
    expect(client.said("expiring")).toEqual([]);
  });

  it("moves on with a fresh token of the same user", async () => {
    const client = gateway.handshake({ token: await soon(1_000), ack: "manual" });
    await eventually(() => expect(client.said("expiring")).toHaveLength(1));
    expect(await refresh(client, await soon(1_800))).toEqual({ ok: true });
    await eventually(() => expect(client.said("expiring")).toHaveLength(2));
    const [first, second] = client.said("expiring").map((said) => Date.parse((said as { at: string }).at));
    expect(Number(second) - Number(first)).toBeGreaterThan(500);
    await eventually(() => expect(client.disconnects).toHaveLength(1));
    expect(Date.now()).toBeGreaterThanOrEqual(Number(second));
  });

  it("P4 does not move to another user, and stays as long as it would have", async () => {
    const client = await connectReady();
    expect(await refresh(client, await tokenOf("bob"))).toMatchObject({ ok: false, code: "FORBIDDEN" });
    await hub.publish("bob", [{ text: "for bob" }]);
    const forAnn = await hub.publish("ann", 1);
    await eventually(() => expect(client.offsets().at(-1)).toBe(forAnn[0]));
    expect(JSON.stringify(client.items)).not.toContain("for bob");
  });

  it("is not renewed by one that has ended already", async () => {
    const client = await connectReady();
    const answer = await refresh(client, await sign({ sub: "ann", exp: 1_000 }));
    expect(answer).toMatchObject({ ok: false, code: "TOKEN_EXPIRED" });
    expect(client.disconnects).toEqual([]);
  });

  it("may be over by the tolerance: the socket stays exactly as long as a handshake would be accepted", async () => {
    const tolerant = await startTestGateway(cleanUp, redis, { DOORSTEP_JWT_CLOCK_TOLERANCE_S: "2" });
    const client = tolerant.handshake({ token: await soon(-500) });
    await eventually(() => client.ready());
    const [offset] = await hub.publish("ann", 1);
    await eventually(() => expect(client.offsets().at(-1)).toBe(offset));
    expect(client.disconnects).toEqual([]);
    await eventually(() => expect(client.said("closing")).toMatchObject([{ code: "TOKEN_EXPIRED" }]));
  });
});
