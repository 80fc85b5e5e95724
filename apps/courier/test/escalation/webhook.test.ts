import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it } from "@jest/globals";
import { createCleanUp } from "@doorstep/testkit";
import { Webhook } from "standardwebhooks";
import { AddressGuard } from "../../src/escalation/address-guard.ts";
import { createPost, type PostOptions } from "../../src/escalation/request.ts";
import { readSecret, type SigningKey } from "../../src/escalation/signature.ts";
import type { Sink } from "../../src/escalation/sink.ts";
import { createWebhookSink, type WebhookOptions } from "../../src/escalation/webhook.ts";
import { createDelivery, createEvent } from "./support/delivery.ts";
import { type Received, RESET, SILENT, startEndpoint, status } from "./support/endpoint.ts";

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

const SECRET = `whsec_${randomBytes(32).toString("base64")}`;
const KEYS: SigningKey[] = [readSecret(SECRET) ?? Buffer.alloc(0)];
const LOOPBACK = new AddressGuard({ allow: ["127.0.0.1"] });

function createSink(url: string, post: Partial<PostOptions> = {}, options: Partial<WebhookOptions> = {}): Sink {
  return createWebhookSink({ url, keys: KEYS, post: createPost({ guard: LOOPBACK, ...post }), ...options });
}

function verify({ body, headers }: Received): unknown {
  return new Webhook(SECRET).verify(body, headers as Record<string, string>);
}

describe("the webhook sink", () => {
  it("posts a user's events, each with its offset, signed", async () => {
    const endpoint = await startEndpoint(cleanUp, status(202));
    const delivery = createDelivery();
    expect(await createSink(endpoint.url).deliver(delivery)).toEqual({ kind: "delivered" });
    const [request] = endpoint.received;
    if (request === undefined) throw new Error("nothing arrived");
    expect(verify(request)).toEqual({
      type: "events.undelivered",
      timestamp: "2023-11-14T22:18:20.000Z",
      userId: "ada",
      events: delivery.events.map(({ offset, body }) => ({ offset, ...(JSON.parse(body) as object) })),
    });
    expect(request.headers).toMatchObject({
      "content-type": "application/json",
      "doorstep-attempt": "1",
      "webhook-id": delivery.deliveryId,
    });
  });

  it("P4 keeps a user id apart from the rest of the body, whatever is in it", async () => {
    const endpoint = await startEndpoint(cleanUp);
    const userId = '","events":[],"userId":"bob';
    await createSink(endpoint.url).deliver(createDelivery({ userId }));
    expect(endpoint.received.map(verify)).toMatchObject([{ userId, events: [{}, {}] }]);
  });

  it("carries the same id on every attempt, and a signature of its own", async () => {
    const endpoint = await startEndpoint(cleanUp, (response, n) => status(n <= 2 ? 500 : 200)(response, n));
    const sink = createSink(endpoint.url);
    const outcomes = [];
    for (const attempt of [1, 2, 3]) outcomes.push(await sink.deliver(createDelivery({ attempt })));
    expect(outcomes).toEqual([
      { kind: "retry", reason: "status 500" },
      { kind: "retry", reason: "status 500" },
      { kind: "delivered" },
    ]);
    expect(new Set(endpoint.received.map(({ headers }) => headers["webhook-id"]))).toEqual(
      new Set([createDelivery().deliveryId]),
    );
    expect(endpoint.received.map(({ headers }) => headers["doorstep-attempt"])).toEqual(["1", "2", "3"]);
    for (const request of endpoint.received) expect(verify(request)).toBeDefined();
  });

  it("tells gone, refused, and when to try again", async () => {
    const endpoint = await startEndpoint(cleanUp);
    const sink = createSink(endpoint.url);
    const outcomeOf = (code: number, headers?: Record<string, string>) => {
      endpoint.behave(status(code, headers));
      return sink.deliver(createDelivery());
    };
    expect(await outcomeOf(410)).toEqual({ kind: "gone" });
    expect(await outcomeOf(404)).toEqual({ kind: "refused", reason: "status 404" });
    expect(await outcomeOf(302, { location: endpoint.url })).toEqual({ kind: "refused", reason: "status 302" });
    expect(await outcomeOf(429, { "retry-after": "30" })).toEqual({
      kind: "retry",
      reason: "status 429",
      afterMs: 30_000,
    });
    expect(endpoint.received).toHaveLength(4);
  });

  it("tries again what is too slow, reset or cut off", async () => {
    const endpoint = await startEndpoint(cleanUp, SILENT);
    const slow = createSink(endpoint.url, { timeoutMs: 100 });
    expect(await slow.deliver(createDelivery())).toEqual({ kind: "retry", reason: "timeout" });
    endpoint.behave(RESET);
    expect(await createSink(endpoint.url).deliver(createDelivery())).toEqual({ kind: "retry", reason: "ECONNRESET" });
  });

  it("is delivered where the answer is 200 and then too long", async () => {
    const endpoint = await startEndpoint(cleanUp, (response) => response.writeHead(200).end(Buffer.alloc(4_000_000)));
    expect(await createSink(endpoint.url).deliver(createDelivery())).toEqual({ kind: "delivered" });
  });

  it("refuses private addresses and names of such, without a request", async () => {
    const endpoint = await startEndpoint(cleanUp);
    for (const host of ["127.0.0.1", "localhost", "[::1]"]) {
      const sink = createSink(`https://${host}:${endpoint.port}/`, { guard: new AddressGuard() });
      expect(await sink.deliver(createDelivery())).toMatchObject({
        kind: "refused",
        reason: expect.stringMatching(/loopback$/),
      });
    }
    expect(endpoint.received).toEqual([]);
  });

  it("leaves an endpoint that is down alone for a while", async () => {
    const endpoint = await startEndpoint(cleanUp, status(503));
    const sink = createSink(endpoint.url, {}, { circuit: { failures: 2, openMs: 600_000 } });
    for (let i = 0; i < 2; i++) await sink.deliver(createDelivery());
    const outcome = await sink.deliver(createDelivery());
    expect(outcome).toMatchObject({ kind: "retry", reason: "circuit open", afterMs: expect.any(Number) });
    expect(endpoint.received).toHaveLength(2);
  });

  it("signs with each key, and is not created without one", async () => {
    const endpoint = await startEndpoint(cleanUp);
    await createSink(endpoint.url, {}, { keys: [randomBytes(32), ...KEYS] }).deliver(createDelivery());
    expect(endpoint.received.map(verify)).toHaveLength(1);
    expect(() => createSink(endpoint.url, {}, { keys: [] })).toThrow(RangeError);
  });

  it("sends bodies that hold what JSON does not escape", async () => {
    const endpoint = await startEndpoint(cleanUp);
    const data = { text: "\u2028 </script> \ud83e\udda6", nested: { offset: "9-9" } };
    await createSink(endpoint.url).deliver(createDelivery({ events: [createEvent(1_700_000_000_000, { data })] }));
    expect(endpoint.received.map(verify)).toMatchObject([{ events: [{ offset: "1700000000000-0", data }] }]);
  });
});
