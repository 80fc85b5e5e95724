import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { createCleanUp, eventually, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import type { TestClient } from "../support/client.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { openTestStore } from "../support/store.ts";

const DRAIN_MS = 1_500;
const cleanUp = createCleanUp();
let redis: RedisServer;

beforeEach(async () => {
  redis = await startRedis({ aof: false });
  cleanUp.add(() => redis.stop());
});
afterEach(() => cleanUp.run());

const start = (drainMs: number): Promise<TestGateway> =>
  startTestGateway(cleanUp, redis, { DOORSTEP_DRAIN_MS: String(drainMs) });

async function connectReady(gateway: TestGateway, userId: string): Promise<TestClient> {
  const client = await gateway.connect(userId);
  await eventually(() => client.ready());
  return client;
}

async function readyz(gateway: TestGateway): Promise<{ status: number; draining: unknown }> {
  const response = await fetch(`${gateway.adminUrl}/readyz`);
  const { checks } = (await response.json()) as { checks: Record<string, unknown> };
  return { status: response.status, draining: checks["draining"] };
}

describe("a gateway that has to leave", () => {
  it("P5 turns unready, refuses handshakes, asks its sockets to move, closes who stays, and ends with 0", async () => {
    const gateway = await start(DRAIN_MS);
    const hub = await openTestStore(cleanUp, redis.url);
    const clients = await Promise.all(["ann", "bob", "cy"].map((userId) => connectReady(gateway, userId)));
    const [ann, bob, cy] = clients as [TestClient, TestClient, TestClient];
    expect(await readyz(gateway)).toEqual({ status: 200, draining: "ok" });

    const ended = gateway.shutdown.begin("SIGTERM");
    expect(await readyz(gateway)).toEqual({ status: 503, draining: "yes" });
    expect((await fetch(`${gateway.adminUrl}/healthz`)).status).toBe(200);
    for (const client of clients) await eventually(() => expect(client.said("drain")).toHaveLength(1));
    for (const client of clients) {
      const { afterMs } = client.said("drain")[0] as { afterMs: number };
      expect(afterMs).toBeGreaterThanOrEqual(0);
      expect(afterMs).toBeLessThanOrEqual(DRAIN_MS / 2);
    }
    const late = await gateway.connect("dora");
    await eventually(() => late.refusals.length === 1);
    expect(late.ready()).toBeNull();
    expect(await gateway.metric("doorstep_handshakes_total", { outcome: "DRAINING" })).toBe(1);

    // Meanwhile those who are still here are served as ever.
    const offsets = await hub.publish("bob", 1);
    await eventually(() => expect(bob.offsets()).toEqual(offsets));
    ann.socket.disconnect();
    await ended;
    expect(ann.said("closing")).toEqual([]);
    for (const straggler of [bob, cy]) {
      await eventually(() => expect(straggler.disconnects).toEqual(["transport close"]));
      expect(straggler.said("closing")).toMatchObject([
        { code: "DRAINING", number: 4000, retryable: true, afterMs: 0 },
      ]);
    }
    expect(await gateway.metric("doorstep_closings_total", { code: "DRAINING" })).toBe(2);
    expect(gateway.exits).toEqual([0]);
    expect(gateway.log()).not.toMatch(/"level":"(error|fatal)"/);
    expect(await redisCall(redis.port, "ZCARD", "ds:gateways")).toBe(0);
    await expect(fetch(`${gateway.url}/v1/publish`)).rejects.toThrow("fetch failed");
  });

  it("waits no longer than its last socket stays", async () => {
    const gateway = await start(8_000);
    const client = await connectReady(gateway, "ann");
    const ended = gateway.shutdown.begin("SIGTERM");
    await eventually(() => expect(client.said("drain")).toHaveLength(1));
    const startedMs = performance.now();
    client.socket.disconnect();
    await ended;
    expect(performance.now() - startedMs).toBeLessThan(4_000);
    expect(gateway.exits).toEqual([0]);
  });

  it("P3 settles the acknowledgements under way before it ends", async () => {
    const gateway = await start(0);
    const hub = await openTestStore(cleanUp, redis.url);
    const offsets = await hub.publish("ann", 3);
    const client = await connectReady(gateway, "ann");
    client.socket.emit("ack", { offset: offsets[2] });
    await eventually(async () => (await gateway.metric("doorstep_delivered_events_total")) === 3);
    await eventually(async () => {
      const state = await hub.store.log.read(hub.store.log.keysOf("ann"), "acked", 1, 1);
      expect(state.acked).toBe(offsets[2]);
    });
    await gateway.shutdown.begin("SIGTERM");
    expect(gateway.exits).toEqual([0]);
  });
});
