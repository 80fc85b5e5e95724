import { afterEach, describe, expect, it } from "@jest/globals";
import type { EventInput } from "@doorstep/protocol";
import { createCleanUp } from "@doorstep/testkit";
import webPush, { type PushSubscription } from "web-push";
import { AddressGuard } from "../../src/escalation/address-guard.ts";
import { createPost } from "../../src/escalation/request.ts";
import type { Outcome } from "../../src/escalation/sink.ts";
import { createWebPushSink, type WebPushOptions } from "../../src/escalation/web-push-sink.ts";
import { createDelivery, createEvent } from "./support/delivery.ts";
import { RESET, startEndpoint, status } from "./support/endpoint.ts";
import { createBrowser, readVapid } from "./support/push-service.ts";

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

const VAPID = { subject: "mailto:ops@hub.example", ...webPush.generateVAPIDKeys() };
const LOOPBACK = new AddressGuard({ allow: ["127.0.0.1"] });
const RUN: Partial<EventInput> = { type: "agent_paused", runId: "r1", threadId: "t1" };

/** A sink for a user with these subscriptions, and what it forgot of them. */
function createSink(subscriptions: readonly PushSubscription[], options: Partial<WebPushOptions> = {}) {
  const removed: [string, string][] = [];
  const sink = createWebPushSink({
    vapid: VAPID,
    post: createPost({ guard: LOOPBACK }),
    subscriptionsOf: () => Promise.resolve(subscriptions),
    removeSubscription: (userId, { endpoint }) => {
      removed.push([userId, endpoint]);
      return Promise.resolve();
    },
    ...options,
  });
  return { sink, removed };
}

/** A push service that gives this status, and the outcome and the removals that come of it. */
async function outcomeOf(code: number): Promise<[Outcome, number]> {
  const service = await startEndpoint(cleanUp, status(code));
  const { sink, removed } = createSink([createBrowser(service.url).subscription]);
  return [await sink.deliver(createDelivery()), removed.length];
}

describe("the Web Push sink", () => {
  it("sends what the browser can read: the newest event's kind and place, and how many wait", async () => {
    const service = await startEndpoint(cleanUp, status(201));
    const browser = createBrowser(service.url);
    const events = [createEvent(1_700_000_000_000), createEvent(1_700_000_000_001, RUN)];
    const { sink } = createSink([browser.subscription], { ttlS: 60, urgency: "high" });
    expect(await sink.deliver(createDelivery({ events }))).toEqual({ kind: "delivered" });
    const [{ headers, body } = { headers: {}, body: Buffer.alloc(0) }] = service.received;
    expect(browser.read(body)).toEqual({ type: "agent_paused", count: 2, runId: "r1", threadId: "t1" });
    expect(headers).toMatchObject({ ttl: "60", urgency: "high", "content-encoding": "aes128gcm" });
    expect(() => createBrowser(service.url).read(body)).toThrow("unable to authenticate");
  });

  it("says who sends it, to this push service only", async () => {
    const service = await startEndpoint(cleanUp, status(201));
    await createSink([createBrowser(service.url).subscription]).sink.deliver(createDelivery());
    const { key, claims } = readVapid(service.received[0]?.headers.authorization);
    expect(key).toBe(VAPID.publicKey);
    expect(claims).toMatchObject({ aud: new URL(service.url).origin, sub: VAPID.subject });
  });

  it("P8 stays under 3 kB, however large the events are and however many", async () => {
    const service = await startEndpoint(cleanUp, status(201));
    const fields = { runId: "r".repeat(128), threadId: "t".repeat(128), type: "y".repeat(128) };
    const events = Array.from({ length: 100 }, (_, i) =>
      createEvent(1_700_000_000_000 + i, { ...fields, data: "x".repeat(60_000) }),
    );
    await createSink([createBrowser(service.url).subscription]).sink.deliver(createDelivery({ events }));
    expect(service.received[0]?.body.length).toBeLessThan(3_000);
  });

  it("lets the push service keep only the latest message of a thread", async () => {
    const service = await startEndpoint(cleanUp, status(201));
    const { sink } = createSink([createBrowser(service.url).subscription]);
    const runs: Partial<EventInput>[] = [RUN, { ...RUN, runId: "r2" }, { ...RUN, threadId: "t2" }, {}];
    for (const run of runs) await sink.deliver(createDelivery({ events: [createEvent(1_700_000_000_000, run)] }));
    const topics = service.received.map(({ headers }) => headers["topic"]);
    expect(topics[0]).toMatch(/^[\w-]{32}$/);
    expect(topics[1]).toBe(topics[0]);
    expect(new Set(topics).size).toBe(3);
  });

  it("forgets a subscription that the push service does not know any more, and keeps it otherwise", async () => {
    expect(await outcomeOf(404)).toEqual([{ kind: "gone" }, 1]);
    expect(await outcomeOf(410)).toEqual([{ kind: "gone" }, 1]);
    expect(await outcomeOf(500)).toEqual([{ kind: "retry", reason: "status 500" }, 0]);
    expect(await outcomeOf(403)).toEqual([{ kind: "refused", reason: "status 403" }, 0]);
    expect(await outcomeOf(307)).toEqual([{ kind: "refused", reason: "status 307" }, 0]);
  });

  it("forgets a subscription whose endpoint or keys are none", async () => {
    const service = await startEndpoint(cleanUp, status(201));
    const { subscription } = createBrowser(service.url);
    const bad: PushSubscription[] = [
      { ...subscription, endpoint: "nowhere" },
      { ...subscription, keys: { p256dh: "AAAA", auth: "AAAA" } },
      { ...subscription, keys: { ...subscription.keys, p256dh: Buffer.alloc(65, 4).toString("base64url") } },
    ];
    const { sink, removed } = createSink(bad);
    expect(await sink.deliver(createDelivery())).toEqual({ kind: "gone" });
    expect(removed).toEqual(bad.map(({ endpoint }) => ["ada", endpoint]));
    expect(service.received).toEqual([]);
  });

  it("refuses endpoints in private networks, which any user can name", async () => {
    const service = await startEndpoint(cleanUp);
    const post = createPost({ guard: new AddressGuard() });
    const endpoints = [service.url, `https://localhost:${service.port}/`, "https://169.254.169.254/latest/meta-data/"];
    for (const endpoint of endpoints) {
      const { sink } = createSink([createBrowser(endpoint).subscription], { post });
      expect(await sink.deliver(createDelivery())).toMatchObject({ kind: "refused" });
    }
    expect(service.received).toEqual([]);
  });

  it("is delivered once one browser took it, and tries again where none did but one may", async () => {
    const service = await startEndpoint(cleanUp, status(201));
    const down = await startEndpoint(cleanUp, RESET);
    const gone = await startEndpoint(cleanUp, status(410));
    const [a, b, c] = [service, down, gone].map(({ url }) => createBrowser(url).subscription);
    if (a === undefined || b === undefined || c === undefined) throw new Error("three browsers were made");
    expect(await createSink([b, a, c]).sink.deliver(createDelivery())).toEqual({ kind: "delivered" });
    const { sink, removed } = createSink([c, b]);
    expect(await sink.deliver(createDelivery())).toEqual({ kind: "retry", reason: "ECONNRESET" });
    expect(removed).toEqual([["ada", c.endpoint]]);
  });

  it("refuses where the user has no subscription", async () => {
    expect(await createSink([]).sink.deliver(createDelivery())).toEqual({ kind: "refused", reason: "no subscription" });
  });

  it("leaves a push service that is down alone for a while", async () => {
    const service = await startEndpoint(cleanUp, status(503));
    const circuit = { failures: 2, openMs: 600_000 };
    const { sink } = createSink([createBrowser(service.url).subscription], { circuit });
    for (let i = 0; i < 4; i++) expect(await sink.deliver(createDelivery())).toMatchObject({ kind: "retry" });
    expect(service.received).toHaveLength(2);
  });

  it("is not created with keys or a subject that push services would refuse", () => {
    const create = (vapid: Partial<typeof VAPID>) => () => createSink([], { vapid: { ...VAPID, ...vapid } });
    expect(create({ publicKey: "AAAA" })).toThrow("65 bytes");
    expect(create({ privateKey: "" })).toThrow("privateKey");
    expect(create({ subject: "ops" })).toThrow("not a valid URL");
  });
});
