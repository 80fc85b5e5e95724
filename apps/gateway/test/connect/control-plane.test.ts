import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { createCleanUp, eventually, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import { Server } from "socket.io";
import { createControlPlane } from "../../src/connect/control-plane.ts";
import { connectClient, type TestClient } from "../support/client.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { openTestStore, type TestStore } from "../support/store.ts";

const CHANNEL = "socket.io#/#";
const MALFORMED = "doorstep_control_messages_malformed_total";
const cleanUp = createCleanUp();
let redis: RedisServer;
let hub: TestStore;
let gateways: readonly [TestGateway, TestGateway];

beforeAll(async () => {
  redis = await startRedis({ aof: false });
  cleanUp.add(() => redis.stop());
  hub = await openTestStore(cleanUp, redis.url);
  gateways = [await startTestGateway(cleanUp, redis), await startTestGateway(cleanUp, redis)];
});
afterAll(() => cleanUp.run());
afterEach(() => Promise.all(gateways.map((gateway) => gateway.clients.run())));

async function connectReady(gateway: TestGateway, userId: string): Promise<TestClient> {
  const client = await gateway.connect(userId);
  await eventually(() => client.ready());
  return client;
}

/** Another node of the control plane: the same adapter, and a Socket.IO server that a test can command. */
async function startNode(): Promise<{ io: Server; url: string; malformed: () => number }> {
  let malformed = 0;
  const httpServer = createServer();
  const [publisher, subscriber] = [
    await hub.store.openConnection("command"),
    await hub.store.openConnection("subscriber"),
  ];
  const adapter = createControlPlane(publisher, subscriber, () => malformed++);
  const io = new Server(httpServer, { transports: ["websocket"], adapter: adapter as never });
  cleanUp.add(() => io.close());
  await new Promise<void>((resolve) => {
    httpServer.listen(0, "127.0.0.1", resolve);
  });
  const { port } = httpServer.address() as AddressInfo;
  return { io, url: `http://127.0.0.1:${port}`, malformed: () => malformed };
}

describe("what arrives on the adapter's channel and is none of its messages", () => {
  const from = { uid: "stranger", nsp: "/" };
  const messages = [
    "",
    "garbage",
    "{",
    "null",
    "5",
    '"text"',
    "[]",
    "{}",
    '{"type":3}',
    '{"data":{}}',
    '{"type":"3","data":{}}',
    '{"type":3,"data":null}',
    '{"type":3,"data":[]}',
    "\u0083\u0001\u0002",
    `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
    ...[3, 4, 5, 6, 7].map((type) => JSON.stringify({ ...from, type, data: {} })),
    JSON.stringify({ ...from, type: 3, data: { opts: { rooms: 5 }, packet: { type: 2 } } }),
    JSON.stringify({ ...from, type: 3, data: { opts: { rooms: [], except: [] }, packet: null } }),
    JSON.stringify({ ...from, type: 6, data: { opts: { rooms: 5 }, close: true } }),
    // Runs listeners of the namespace in a stock adapter; with a made-up socket it ends the process.
    JSON.stringify({ ...from, type: 9, data: { packet: ["connection"] } }),
    JSON.stringify({ ...from, type: 9, data: { packet: ["connection", { data: {} }] } }),
    JSON.stringify({ ...from, type: 9, data: { packet: ["error"], requestId: "r1" } }),
  ];

  const named = messages.map((message) => ({ name: JSON.stringify(message).slice(0, 70), message }));

  it.each(named)("$name is ignored and counted", async ({ message }) => {
    const [gateway] = gateways;
    const client = await connectReady(gateway, "ann");
    const before = await gateway.metric(MALFORMED);
    expect(await redisCall(redis.port, "SPUBLISH", CHANNEL, message)).toBeGreaterThanOrEqual(2);
    await eventually(async () => expect(await gateway.metric(MALFORMED)).toBe(before + 1));
    const offsets = await hub.publish("ann", 1);
    await eventually(() => expect(client.offsets().slice(-1)).toEqual(offsets));
    expect([client.disconnects, gateway.exits]).toEqual([[], []]);
  });

  it("reaches the channel on which answers come, with the same guard", async () => {
    const [gateway] = gateways;
    const channels = (await redisCall(redis.port, "PUBSUB", "SHARDCHANNELS", `${CHANNEL}*`)) as string[];
    const answers = channels.filter((channel) => channel !== CHANNEL);
    expect(answers).toHaveLength(2);
    const before = await gateway.metric(MALFORMED);
    for (const channel of answers) await redisCall(redis.port, "SPUBLISH", channel, '{"type":8}');
    await eventually(async () => expect(await gateway.metric(MALFORMED)).toBe(before + 1));
  });
});

describe("commands from another node", () => {
  it("disconnects a user on every gateway, and nobody else", async () => {
    const node = await startNode();
    const devices = await Promise.all(gateways.map((gateway) => connectReady(gateway, "ann")));
    const bob = await connectReady(gateways[1], "bob");
    node.io.in(`user:${hub.store.log.keysOf("ann").uid}`).disconnectSockets(true);
    for (const device of devices) {
      await eventually(() => expect(device.disconnects).toEqual(["io server disconnect"]));
    }
    const offsets = await hub.publish("bob", 1);
    await eventually(() => expect(bob.offsets()).toEqual(offsets));
    expect(bob.disconnects).toEqual([]);
    expect(node.malformed()).toBe(0);
  });

  it("announces to all, whatever gateway they are on", async () => {
    const node = await startNode();
    const devices = await Promise.all(gateways.map((gateway, i) => connectReady(gateway, `user-${i}`)));
    const local = connectClient(cleanUp, node.url, {});
    await eventually(() => local.socket.connected);
    node.io.emit("degraded", { since: null });
    for (const device of [...devices, local]) {
      await eventually(() => expect(device.said("degraded")).toEqual([{ since: null }]));
    }
  });
});
