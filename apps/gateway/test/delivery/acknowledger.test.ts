import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { Offset } from "@doorstep/protocol";
import { createCleanUp, eventually, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import { Acknowledger } from "../../src/delivery/acknowledger.ts";
import type { TestClient } from "../support/client.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { startTestHub } from "../support/hub.ts";
import { openTestStore, type TestStore } from "../support/store.ts";

const PING_MS = 100;
const cleanUp = createCleanUp();
let redis: RedisServer;
let gateway: TestGateway;
let hub: TestStore;

beforeAll(async () => {
  redis = await startRedis({ aof: false });
  cleanUp.add(() => redis.stop());
  hub = await openTestStore(cleanUp, redis.url, { logMaxEvents: 10 });
  gateway = await startTestGateway(cleanUp, redis, { DOORSTEP_PING_INTERVAL_MS: String(PING_MS) });
});
afterAll(() => cleanUp.run());
afterEach(() => gateway.clients.run());

const acked = async (userId: string): Promise<Offset> =>
  String((await redisCall(redis.port, "HGET", hub.store.log.keysOf(userId).user, "acked")) ?? "0-0");
const isAcked = (userId: string, offset: Offset | undefined): Promise<unknown> =>
  eventually(async () => expect(await acked(userId)).toBe(offset));
const ready = async (client: TestClient): Promise<TestClient> => {
  await eventually(() => client.ready());
  return client;
};

/** Waits until so many pings came and were answered. */
async function pings(client: TestClient, count: number): Promise<void> {
  let seen = 0;
  client.socket.io.on("ping", () => seen++);
  await eventually(() => seen >= count);
}

describe("implicit acknowledgement", () => {
  it("P3 comes with the pong after what was replayed and what was pushed", async () => {
    const before = await hub.publish("auto", 3);
    const client = await ready(await gateway.connect("auto"));
    await isAcked("auto", before[2]);
    const late = await hub.publish("auto", 2);
    await isAcked("auto", late[1]);
    expect(client.offsets()).toEqual([...before, ...late]);
    expect(await gateway.metric("doorstep_acked_events_total")).toBe(5);
    expect(await gateway.metric("doorstep_publish_to_ack_seconds")).toBeGreaterThan(0);
  });

  it("P3 never comes from a client that does not read", async () => {
    const client = await ready(await gateway.connect("deaf"));
    await pings(client, 1);
    client.pause();
    await hub.publish("deaf", 2);
    const other = await ready(await gateway.connect("other", { ack: "manual" }));
    await pings(other, 3);
    expect(await acked("deaf")).toBe("0-0");
    client.resume();
    await isAcked(
      "deaf",
      client.offsets()[1] ?? (await hub.store.log.read(hub.store.log.keysOf("deaf"), "$", 1, 1)).head,
    );
  });

  it("P3 comes early where much was written, for what came before, and never of a manual socket", async () => {
    const patient = await startTestGateway(cleanUp, redis, { DOORSTEP_MAILBOX_MAX_EVENTS: "80" });
    const client = await ready(await patient.connect("much"));
    const manual = await ready(await patient.connect("much by hand", { ack: "manual" }));
    const events = await hub.publish("much", 10);
    const own = await hub.publish("much by hand", 20);
    await isAcked("much", events[9]);
    await eventually(() => expect(manual.offsets()).toEqual(own));
    expect(await acked("much by hand")).toBe("0-0");
    const few = await hub.publish("much", 9);
    await eventually(() => expect(client.offsets()).toEqual([...events, ...few]));
    expect(await acked("much")).toBe(events[9]);
    const [last] = await hub.publish("much", 1);
    await isAcked("much", last);
  });

  it("P3 does not keep a connection that answers nothing from being found dead", async () => {
    const env = { DOORSTEP_PING_TIMEOUT_MS: "400", DOORSTEP_PING_INTERVAL_MS: "400", DOORSTEP_MAILBOX_MAX_EVENTS: "8" };
    const strict = await startTestGateway(cleanUp, redis, env);
    const client = await ready(await strict.connect("dead"));
    client.silence();
    const events = await hub.publish("dead", 5);
    await eventually(() => expect(client.disconnects).toEqual(["transport close"]));
    expect(client.offsets()).toEqual(events);
    expect(await acked("dead")).toBe("0-0");
  });

  it("P3 does not come from a pong that no ping asked for: it proves nothing", async () => {
    const patient = await startTestGateway(cleanUp, redis);
    const offsets = await hub.publish("eager", 3);
    const client = await ready(await patient.connect("eager"));
    client.pong();
    client.socket.emit("ack", { offset: offsets[0] });
    await isAcked("eager", offsets[0]);
    client.pong();
    expect(await client.socket.emitWithAck("nonsense")).toMatchObject({ code: "UNKNOWN_MESSAGE" });
    expect(await acked("eager")).toBe(offsets[0]);
  });

  it("P3 releases parcels with what they held", async () => {
    const offsets = await hub.publish("away", 150);
    expect(await hub.hold("away")).toHaveLength(2);
    const client = await ready(await gateway.connect("away"));
    await isAcked("away", offsets[149]);
    expect(client.offsets()).toEqual(offsets);
    const keys = hub.store.log.keysOf("away");
    expect(await redisCall(redis.port, "LLEN", keys.parcels)).toBe(0);
    await eventually(async () =>
      expect(await redisCall(redis.port, "KEYS", `{ds:mb0}:mailbox:${keys.uid}.*`)).toEqual([]),
    );
  });
});

describe("acknowledgements of many users", () => {
  /** Users of each call that acknowledged since Redis forgot. */
  const usersOfCalls = async (): Promise<number[]> => {
    const log = (await redisCall(redis.port, "SLOWLOG", "GET", "-1")) as unknown[][];
    const calls = log.map((entry) => entry[3] as string[]);
    // The fifth key of a user tells them from other calls.
    return calls.flatMap((call) =>
      call[0]?.startsWith("eval") && call[7]?.includes(":acks:") ? [Number(call[2]) / 6] : [],
    );
  };

  it("are told in few calls, and those by hand at once with all that wait", async () => {
    const users = Array.from({ length: 20 }, (_, n) => `one of many ${n}`);
    const quiet = await startTestGateway(cleanUp, redis, { DOORSTEP_PING_INTERVAL_MS: "3000" });
    for (const user of users) await ready(await quiet.connect(user));
    const manual = await ready(await quiet.connect("by hand", { ack: "manual" }));
    await redisCall(redis.port, "CONFIG", "SET", "slowlog-log-slower-than", "0");
    await redisCall(redis.port, "CONFIG", "SET", "slowlog-max-len", "10000");
    await redisCall(redis.port, "SLOWLOG", "RESET");
    const offsets = new Map<string, Offset | undefined>();
    for (const user of users) offsets.set(user, (await hub.publish(user, 1))[0]);
    const [own] = await hub.publish("by hand", 1);
    await eventually(() => expect(manual.offsets()).toEqual([own]));
    manual.socket.emit("ack", { offset: own });
    await isAcked("by hand", own);
    for (const [user, offset] of offsets) await isAcked(user, offset);
    const calls = await usersOfCalls();
    expect(calls.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(users.length + 1);
    expect(Math.max(...calls)).toBeLessThanOrEqual(16);
    // Pings come over three seconds, and claims wait for half a second.
    expect(calls.length).toBeLessThan(users.length / 2 + 2);
  });
});

describe("manual acknowledgement", () => {
  it("P3 is the only one of a manual socket: pongs count for nothing", async () => {
    const offsets = await hub.publish("manual", 3);
    const client = await ready(await gateway.connect("manual", { ack: "manual" }));
    await pings(client, 3);
    expect(await acked("manual")).toBe("0-0");
    client.socket.emit("ack", { offset: offsets[1] });
    await isAcked("manual", offsets[1]);
    // Cumulative: an earlier one changes nothing.
    client.socket.emit("ack", { offset: offsets[0] });
    client.socket.emit("ack", { offset: offsets[2] });
    await isAcked("manual", offsets[2]);
  });

  it("P3 is clamped to what this socket was sent", async () => {
    const offsets = await hub.publish("clamped", 3);
    const client = await ready(await gateway.connect("clamped", { ack: "manual" }));
    client.socket.emit("ack", { offset: `${Date.now() + 3_600_000}-0` });
    await isAcked("clamped", offsets[2]);
    const late = await hub.publish("clamped", 1);
    await eventually(() => expect(client.offsets()).toEqual([...offsets, ...late]));
    expect(await acked("clamped")).toBe(offsets[2]);
  });

  it("P3 is clamped where the log has more than this socket was sent", async () => {
    const test = await startTestHub(cleanUp, redis.url);
    const sent = await test.publish("behind", 2);
    const { client, delivery } = await test.connect("behind");
    await eventually(() => expect(client.offsets()).toEqual(sent));
    test.gate = () => undefined;
    const [unsent = ""] = await test.publish("behind", 1);
    const acknowledger = new Acknowledger(test.store, test.mailbox, test.metrics);
    acknowledger.ack(delivery, unsent);
    await acknowledger.idle();
    expect(await acked("behind")).toBe(sent[1]);
  });

  it("P4 of another user's offset touches nobody but the sender", async () => {
    const forBob = await hub.publish("bob", 2);
    await hub.publish("mallory", 1);
    const client = await ready(await gateway.connect("mallory", { ack: "manual" }));
    client.socket.emit("ack", { offset: forBob[1] });
    client.socket.emit("ack", { offset: client.offsets()[0] });
    await isAcked("mallory", client.offsets()[0]);
    expect(await acked("bob")).toBe("0-0");
  });

  it("merges what comes faster than Redis answers, and ends at the last", async () => {
    const offsets = await hub.publish("burst", 200);
    const client = await ready(await gateway.connect("burst", { ack: "manual" }));
    for (const offset of offsets) client.socket.emit("ack", { offset });
    await isAcked("burst", offsets[199]);
  });
});

describe("where a socket starts", () => {
  it("P3 acknowledges up to the offset that was presented", async () => {
    const offsets = await hub.publish("resumed", 5);
    const client = await ready(await gateway.connect("resumed", { ack: "manual", offset: offsets[2] }));
    await isAcked("resumed", offsets[2]);
    expect(client.offsets()).toEqual(offsets.slice(3));
  });

  it("P3 takes nothing for acknowledged that the log never had", async () => {
    const offsets = await hub.publish("liar", 3);
    const future = `${Date.now() + 3_600_000}-0`;
    const client = await ready(await gateway.connect("liar", { ack: "manual", offset: future }));
    expect(client.gaps()).toEqual([{ from: future, to: "0-0", reason: "failover", possible: true }]);
    expect(client.ready()).toMatchObject({ recovered: false, offset: offsets[2] });
    expect(await acked("liar")).toBe("0-0");
    const late = await hub.publish("liar", 1);
    // It goes on from what is acknowledged, so that no pong of its can acknowledge what it never got.
    await eventually(() => expect(client.offsets()).toEqual([...offsets, ...late]));
  });

  it.each(["auto", "manual"])('P3 at "$" gets only what is new and acknowledges nothing (%s)', async (ack) => {
    const userId = `fresh-${ack}`;
    await hub.publish(userId, 3);
    const client = await ready(await gateway.connect(userId, { ack, offset: "$" }));
    const late = await hub.publish(userId, 2);
    await eventually(() => expect(client.offsets()).toEqual(late));
    client.socket.emit("ack", { offset: late[1] });
    await pings(client, 3);
    expect(await acked(userId)).toBe("0-0");
  });
});
