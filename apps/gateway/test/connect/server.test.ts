import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { ErrorAnswer } from "@doorstep/protocol";
import { createCleanUp, eventually, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import fc from "fast-check";
import type { TestClient } from "../support/client.ts";
import { startTestGateway, type TestGateway, usersState } from "../support/gateway.ts";
import { openTestStore, type TestStore } from "../support/store.ts";
import { SECRET, sign, unsigned } from "../support/token.ts";

const cleanUp = createCleanUp();
let redis: RedisServer;
let gateway: TestGateway;
let hub: TestStore;

beforeAll(async () => {
  redis = await startRedis({ aof: false });
  cleanUp.add(() => redis.stop());
  hub = await openTestStore(cleanUp, redis.url);
  gateway = await startTestGateway(cleanUp, redis, {
    DOORSTEP_JWT_ISSUER: "tests",
    DOORSTEP_JWT_AUDIENCE: "browsers",
    DOORSTEP_ALLOWED_ORIGINS: "https://app.example,http://localhost:3000",
  });
});
afterAll(() => cleanUp.run());
afterEach(() => gateway.clients.run());

const inAnHour = (): number => Date.now() / 1_000 + 3_600;
const GOOD = { iss: "tests", aud: "browsers" };
const good = (userId: string): Promise<string> => sign({ ...GOOD, sub: userId, exp: inAnHour() });

/** The answer to a handshake that has to be refused. */
async function refusal(client: TestClient): Promise<ErrorAnswer> {
  await eventually(() => client.refusals.length + client.items.length > 0, { intervalMs: 5 });
  expect(client.items).toEqual([]);
  return client.refusals[0] as ErrorAnswer;
}

describe("handshakes", () => {
  it("lets a good token in and tells it where it stands", async () => {
    const offsets = await hub.publish("eve", 3);
    const client = gateway.handshake({ token: await good("eve"), clientId: "laptop" });
    const ready = await eventually(() => client.ready());
    expect(ready).toEqual({
      clientId: "laptop",
      offset: offsets[2],
      replayed: 3,
      recovered: true,
      gateway: expect.any(String),
    });
    expect(client.offsets()).toEqual(offsets);
  });

  const claims = { ...GOOD, sub: "ann", exp: inAnHour() };
  const cases: [string, () => Promise<unknown>, string][] = [
    ["no auth at all", async () => undefined, "TOKEN_INVALID"],
    ["no token", async () => ({}), "TOKEN_INVALID"],
    ["an empty token", async () => ({ token: "" }), "TOKEN_INVALID"],
    ["a token that is a number", async () => ({ token: 5 }), "HANDSHAKE_INVALID"],
    ["a token that is null", async () => ({ token: null }), "HANDSHAKE_INVALID"],
    ["a token that is binary", async () => ({ token: Buffer.from("x") }), "HANDSHAKE_INVALID"],
    ["a token that is an object", async () => ({ token: { toString: "x" } }), "HANDSHAKE_INVALID"],
    ["a token of 9,000 characters", async () => ({ token: "x".repeat(9_000) }), "HANDSHAKE_INVALID"],
    ["a token that is no JWT", async () => ({ token: "a.b.c" }), "TOKEN_INVALID"],
    ["another secret", async () => ({ token: await sign(claims, "another secret of the same form") }), "TOKEN_INVALID"],
    ["alg none", async () => ({ token: unsigned(claims) }), "TOKEN_INVALID"],
    ["a changed payload", async () => ({ token: await tampered() }), "TOKEN_INVALID"],
    ["an expired token", async () => ({ token: await sign({ ...claims, exp: 1_000 }) }), "TOKEN_EXPIRED"],
    ["no exp", async () => ({ token: await sign({ ...GOOD, sub: "ann" }) }), "TOKEN_INVALID"],
    ["an exp that is text", async () => ({ token: await sign({ ...claims, exp: "never" }) }), "TOKEN_INVALID"],
    ["not valid yet", async () => ({ token: await sign({ ...claims, nbf: inAnHour() }) }), "TOKEN_INVALID"],
    ["another issuer", async () => ({ token: await sign({ ...claims, iss: "others" }) }), "TOKEN_INVALID"],
    ["another audience", async () => ({ token: await sign({ ...claims, aud: "publishers" }) }), "TOKEN_INVALID"],
    ["no sub", async () => ({ token: await sign({ ...GOOD, exp: inAnHour() }) }), "TOKEN_INVALID"],
    ["an empty sub", async () => ({ token: await sign({ ...claims, sub: "" }) }), "TOKEN_INVALID"],
    ["a sub that is a number", async () => ({ token: await sign({ ...claims, sub: 7 }) }), "TOKEN_INVALID"],
    ["a sub that is a list", async () => ({ token: await sign({ ...claims, sub: ["ann"] }) }), "TOKEN_INVALID"],
    ["a sub of 513 bytes", async () => ({ token: await sign({ ...claims, sub: "x".repeat(513) }) }), "TOKEN_INVALID"],
    [
      "a sub with half a character",
      async () => ({ token: await sign({ ...claims, sub: "a\ud800" }) }),
      "TOKEN_INVALID",
    ],
    ["an offset that is a number", async () => ({ token: await good("ann"), offset: 5 }), "HANDSHAKE_INVALID"],
    ["an offset that is no offset", async () => ({ token: await good("ann"), offset: "+" }), "HANDSHAKE_INVALID"],
    ["an offset with a sign", async () => ({ token: await good("ann"), offset: "-1-0" }), "HANDSHAKE_INVALID"],
    [
      "an offset of 400 digits",
      async () => ({ token: await good("ann"), offset: "9".repeat(400) }),
      "HANDSHAKE_INVALID",
    ],
    ["an unknown ack mode", async () => ({ token: await good("ann"), ack: "never" }), "HANDSHAKE_INVALID"],
    ["an ack mode that is a switch", async () => ({ token: await good("ann"), ack: true }), "HANDSHAKE_INVALID"],
    ["a client id with a space", async () => ({ token: await good("ann"), clientId: "a b" }), "HANDSHAKE_INVALID"],
    ["a client id of 200", async () => ({ token: await good("ann"), clientId: "x".repeat(200) }), "HANDSHAKE_INVALID"],
    ["a client id that is a list", async () => ({ token: await good("ann"), clientId: [] }), "HANDSHAKE_INVALID"],
  ];

  it.each(cases)("with %s: refused with a code, and nothing changes", async (_name, makeAuth, code) => {
    const before = await usersState(redis);
    const answer = await refusal(gateway.handshake((await makeAuth()) as object | undefined));
    expect(answer).toMatchObject({ code, number: expect.any(Number), retryable: code === "TOKEN_EXPIRED" });
    expect(await usersState(redis)).toEqual(before);
  });

  it("tells no stranger why a token is not valid, and logs no token", async () => {
    const token = await sign(claims, "another secret of the same form");
    const answer = await refusal(gateway.handshake({ token }));
    expect(answer.message).toBe("the token is not valid");
    expect(gateway.log()).toContain("signature verification failed");
    expect(gateway.log()).not.toContain(token);
    expect(gateway.log()).not.toContain(SECRET);
  });

  it("knows no other namespace", async () => {
    const client = gateway.handshake({ token: await good("ann") });
    await eventually(() => client.ready());
    const other = client.socket.io.socket("/admin", { auth: { token: await good("ann") } });
    const message = new Promise<string>((resolve) => other.once("connect_error", (error) => resolve(error.message)));
    other.connect();
    expect(await message).toBe("Invalid namespace");
  });

  it("counts what it refused, by code, and what it let in", async () => {
    expect(await gateway.metric("doorstep_handshakes_total", { outcome: "TOKEN_EXPIRED" })).toBe(1);
    expect(await gateway.metric("doorstep_handshakes_total", { outcome: "TOKEN_INVALID" })).toBeGreaterThan(10);
    expect(await gateway.metric("doorstep_handshakes_total", { outcome: "HANDSHAKE_INVALID" })).toBeGreaterThan(10);
    expect(await gateway.metric("doorstep_handshakes_total", { outcome: "accepted" })).toBeGreaterThanOrEqual(2);
  });

  async function tampered(): Promise<string> {
    const [header, , signature] = (await sign(claims)).split(".");
    const payload = Buffer.from(JSON.stringify({ ...claims, sub: "bob" })).toString("base64url");
    return [header, payload, signature].join(".");
  }
});

describe("Origin", () => {
  it.each(["https://evil.example", "https://app.example.evil.example", "http://app.example", "null", ""])(
    "refuses the page %j before any token is looked at",
    async (origin) => {
      const before = await gateway.metric("doorstep_handshakes_total", { outcome: "FORBIDDEN" });
      const client = gateway.handshake({ token: await good("ann") }, { headers: { origin } });
      expect((await refusal(client)).code).toBeUndefined();
      expect(await gateway.metric("doorstep_handshakes_total", { outcome: "FORBIDDEN" })).toBe(before + 1);
    },
  );

  it.each(["https://app.example", "HTTPS://APP.EXAMPLE", "http://localhost:3000"])("lets %s in", async (origin) => {
    const client = gateway.handshake({ token: await good("ann") }, { headers: { origin } });
    await eventually(() => client.ready());
  });
});

describe("one connection", () => {
  it("P8 carries one socket: whoever leaves the namespace cannot come back on it and pile up listeners", async () => {
    const client = gateway.handshake({ token: await good("ann") });
    await eventually(() => client.ready());
    client.sendRaw("1");
    await eventually(() => expect(client.disconnects).toEqual(["transport close"]));
    await eventually(async () => (await gateway.metric("doorstep_connections")) === 0);
    expect(await gateway.metric("doorstep_users")).toBe(0);
  });

  it("ends where a client sends what is no packet, and the gateway goes on", async () => {
    for (const packet of ["x", "2{}", "2[]", '2["disconnect"]', "9", '2["a"', "59999999-[]"]) {
      const client = gateway.handshake({ token: await good("ann") });
      await eventually(() => client.ready());
      client.sendRaw(packet);
      await eventually(() => client.disconnects.length > 0, { message: `after ${packet}` });
    }
    await eventually(async () => (await gateway.metric("doorstep_connections")) === 0);
    expect(gateway.exits).toEqual([]);
  });

  it("ends where a message is longer than any of ours", async () => {
    const client = gateway.handshake({ token: await good("ann") });
    await eventually(() => client.ready());
    client.sendRaw(`2["ack","${"x".repeat(70_000)}"]`);
    await eventually(() => client.disconnects.length > 0);
  });
});

describe("P4 a token opens its own user's log and no other", () => {
  const HOSTILE = [
    "__proto__",
    "constructor",
    "ann}",
    "{ann",
    "{ds:{1}}:log:ann",
    "ann:bob",
    "ann*",
    "*",
    "?",
    "ann\n",
    "ann\u0000",
    " ann",
    "ann ",
    "ANN",
    "u:ann",
    "user:ann",
    "hann",
    "uann",
    "\u00e9",
    "e\u0301",
    "🚪",
    "\u202eann",
    "0",
    "-1",
    "$",
    "x".repeat(40),
    "x".repeat(41),
    "x".repeat(512),
    "ä".repeat(256),
    "ann,bob",
  ];

  it("sees only its own events, for hostile ids through real handshakes", async () => {
    const sent = new Map<string, string[]>();
    for (const userId of HOSTILE) sent.set(userId, await hub.publish(userId, [{ text: userId }]));
    const clients = new Map<string, TestClient>();
    for (const userId of HOSTILE) clients.set(userId, gateway.handshake({ token: await good(userId), offset: "0-0" }));
    for (const client of clients.values()) await eventually(() => client.ready());
    for (const userId of HOSTILE) sent.get(userId)?.push(...(await hub.publish(userId, [{ text: userId }])));
    for (const [userId, client] of clients) {
      await eventually(() => expect(client.offsets()).toEqual(sent.get(userId)));
      const texts = client.items.flatMap((item) => (item.kind === "event" ? [item.event.data] : []));
      expect(texts).toEqual([{ text: userId }, { text: userId }]);
    }
  });

  it("holds for ids that nobody thought of", async () => {
    const id = fc.string({ unit: "binary", minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(id, id, async (a, b) => {
        fc.pre(a !== b && !HOSTILE.includes(a) && !HOSTILE.includes(b));
        const forA = await hub.publish(a, [{ text: a }]);
        const client = gateway.handshake({ token: await good(b), offset: "0-0" });
        const forB = await hub.publish(b, [{ text: b }]);
        await eventually(() => expect(client.offsets().at(-1)).toBe(forB[0]), { intervalMs: 2 });
        const texts = client.items.flatMap((item) => (item.kind === "event" ? [item.event.data] : []));
        client.socket.disconnect();
        expect(texts.filter((data) => JSON.stringify(data) !== JSON.stringify({ text: b }))).toEqual([]);
        // An earlier run may have had the same id, and then its log is longer.
        expect(forA).toHaveLength(1);
      }),
      { numRuns: 30 },
    );
  });
});

it("P5 keeps a socket whose first read fails, and serves it once the read goes through", async () => {
  await redisCall(redis.port, "SET", hub.store.log.keysOf("broken").user, "no hash");
  const client = gateway.handshake({ token: await good("broken") });
  // The read fails and is tried again; the socket stays and gets everything once that is mended.
  await eventually(async () => (await gateway.metric("doorstep_store_errors_total", { operation: "read" })) > 0);
  await redisCall(redis.port, "DEL", hub.store.log.keysOf("broken").user);
  await eventually(() => client.ready());
});
