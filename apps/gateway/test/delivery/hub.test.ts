import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { Offset } from "@doorstep/protocol";
import type { PushMessage } from "@doorstep/store";
import { createCleanUp, eventually, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import type { UserSocket } from "../../src/delivery/user-socket.ts";
import type { TestClient } from "../support/client.ts";
import { startTestHub, type TestHub } from "../support/hub.ts";

const cleanUp = createCleanUp();
let redis: RedisServer;
let test: TestHub;

beforeAll(async () => {
  redis = await startRedis({ aof: false });
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redisCall(redis.port, "FLUSHALL");
  test = await startTestHub(cleanUp, redis.url);
});
afterEach(() => cleanUp.run());

const catchUps = async (cause: string): Promise<number> => {
  const { values } = await test.metrics.catchUps.get();
  return values.find(({ labels }) => labels.cause === cause)?.value ?? 0;
};
const gets = (client: TestClient, offsets: readonly Offset[]): Promise<unknown> =>
  eventually(() => expect(client.offsets()).toEqual(offsets), { intervalMs: 5 });
const isLive = (delivery: UserSocket): Promise<unknown> =>
  eventually(() => delivery.phase === "live", { intervalMs: 5 });

/** Connects a device and waits until it is live. */
async function connectLive(userId: string, start?: string): Promise<{ client: TestClient; delivery: UserSocket }> {
  const device = await test.connect(userId, start);
  await isLive(device.delivery);
  return device;
}

/** Where a user's log ends, told as a head check does. */
async function checkHead(userId: string): Promise<void> {
  const keys = test.store.log.keysOf(userId);
  const [head] = await test.store.log.heads([keys]);
  test.hub.announceHead(test.hub.join(keys), head?.head ?? "0-0");
}

describe("live push", () => {
  it("writes what is published to each of a user's sockets, in order", async () => {
    const one = await connectLive("ann");
    const two = await connectLive("ann");
    const offsets = [...(await test.publish("ann", 3)), ...(await test.publish("ann", 1))];
    await gets(one.client, offsets);
    await gets(two.client, offsets);
    expect([await catchUps("push_lost"), await catchUps("head_check")]).toEqual([0, 0]);
  });

  it("P2 gives two sockets at different offsets each its own part, and never the other's frames", async () => {
    const before = await test.publish("ann", 700);
    const [behind, ahead, fresh] = await Promise.all([
      test.connect("ann", before[99] ?? ""),
      test.connect("ann", before[698] ?? ""),
      test.connect("ann", "$"),
    ]);
    const late: Offset[] = [];
    for (let n = 0; n < 40; n++) late.push(...(await test.publish("ann", 2)));
    await gets(behind.client, [...before.slice(100), ...late]);
    await gets(ahead.client, [...before.slice(699), ...late]);
    // Where "$" begins depends on when it was read; from there on nothing may be missing.
    await eventually(() => expect(fresh.client.offsets().at(-1)).toBe(late.at(-1)));
    expect(late.slice(-fresh.client.offsets().length)).toEqual(fresh.client.offsets());
  });

  it("P4 P9 never gives one user's events to another's sockets", async () => {
    const ann = await connectLive("ann");
    const bob = await connectLive("bob");
    const forBob = await test.publish("bob", 3);
    await gets(bob.client, forBob);
    expect(ann.client.items.filter(({ kind }) => kind === "event")).toEqual([]);
  });

  it("hands ephemeral events to live sockets without an offset", async () => {
    const { client } = await connectLive("ann");
    await test.publish("ann", [{ text: "tick", delivery: "ephemeral" }]);
    await eventually(() => expect(client.items.at(-1)).toMatchObject({ kind: "ephemeral", event: { type: "note" } }));
    expect(client.items.at(-1)).not.toHaveProperty("event.offset");
  });

  it("goes on after the last socket of a user left and another came", async () => {
    const first = await connectLive("ann");
    first.client.socket.disconnect();
    await eventually(() => test.hub.userCount === 0);
    const missed = await test.publish("ann", 1);
    const second = await connectLive("ann");
    await gets(second.client, [...missed, ...(await test.publish("ann", 1))]);
    expect(first.client.offsets()).toEqual([]);
  });
});

describe("pushes that go wrong", () => {
  /** Lets only those pushes pass, counted from 1. */
  function passOnly(isPassed: (count: number) => boolean): void {
    let count = 0;
    test.gate = (deliver) => {
      if (isPassed(++count)) deliver();
    };
  }

  it("P2 fills the hole of a lost push as soon as the next one comes", async () => {
    const { client } = await connectLive("ann");
    passOnly((count) => count !== 2);
    const offsets = [];
    for (let n = 0; n < 4; n++) offsets.push(...(await test.publish("ann", 1)));
    await gets(client, offsets);
    expect(await catchUps("push_lost")).toBe(1);
    expect(client.gaps()).toEqual([]);
  });

  it("P2 finds a lost push that no other follows by the head check", async () => {
    const { client, delivery } = await connectLive("ann");
    passOnly(() => false);
    const offsets = await test.publish("ann", 2);
    await checkHead("ann");
    await gets(client, offsets);
    await isLive(delivery);
    expect(await catchUps("head_check")).toBe(1);
  });

  it("P2 writes nothing twice where pushes are repeated and come in any order", async () => {
    const { client, delivery } = await connectLive("ann");
    const kept: [(push?: PushMessage) => void, PushMessage][] = [];
    test.gate = (deliver, push) => kept.push([deliver, push]);
    const offsets = [];
    for (let n = 0; n < 6; n++) offsets.push(...(await test.publish("ann", 2)));
    await eventually(() => kept.length === 6);
    for (const index of [2, 0, 1, 1, 5, 0, 3, 4, 5, 2]) kept[index]?.[0]();
    await isLive(delivery);
    await gets(client, offsets);
  });

  it("P2 flushes the pending frame before another socket of the user goes live in the same tick", async () => {
    const one = await connectLive("ann");
    const two = await connectLive("ann");
    let held: PushMessage | undefined;
    test.gate = (_deliver, push) => (held = push);
    const first = await test.publish("ann", 1);
    await eventually(() => held !== undefined);
    const channel = test.store.log.keysOf("ann").channel;
    // `two` has the first already: what is pending is for `one` alone, the next push for both.
    two.delivery.offset = first[0] ?? "";
    two.delivery.written = two.delivery.offset;
    if (held !== undefined) test.hub.push(channel, held);
    expect([one.delivery.isQueued, two.delivery.isQueued]).toEqual([true, false]);
    test.hub.announceHead(one.delivery.user, `${Date.now() + 60_000}-0`);
    expect([one.delivery.phase, two.delivery.phase]).toEqual(["reading", "reading"]);
    expect(one.delivery.written).toBe(first[0]);
    test.gate = (deliver) => deliver();
    await isLive(one.delivery);
    await isLive(two.delivery);
    const second = await test.publish("ann", 1);
    await gets(one.client, [...first, ...second]);
    await gets(two.client, second);
  });

  it("P2 gives a socket that read on ahead only what it lacks of two pushes in one tick", async () => {
    const one = await connectLive("ann");
    const held: PushMessage[] = [];
    test.gate = (_deliver, push) => held.push(push);
    const first = await test.publish("ann", 1);
    // `two` reads the first out of the log, before its push is through.
    const two = await connectLive("ann");
    const second = await test.publish("ann", 1);
    await eventually(() => held.length === 2);
    for (const push of held) test.hub.push(test.store.log.keysOf("ann").channel, push);
    await gets(one.client, [...first, ...second]);
    await gets(two.client, [...first, ...second]);
  });

  it("P5 does not spin where what was announced never was, or was lost in a failover", async () => {
    const { delivery } = await connectLive("ann");
    const [offset = ""] = await test.publish("ann", 1);
    await eventually(() => delivery.offset === offset);
    const future = `${Date.now() + 3_600_000}-0`;
    test.hub.announceHead(delivery.user, future);
    test.hub.push(delivery.user.keys.channel, { prev: future, last: future, count: 1, events: Buffer.from("{}") });
    await isLive(delivery);
    expect(delivery.offset).toBe(offset);
  });
});

describe("a log that lost what was sent", () => {
  it("P5 is found by the head check and told as a gap of reason failover; then all goes on", async () => {
    const kept = await test.publish("ann", 2);
    const { client, delivery } = await connectLive("ann", "0-0");
    const lost = await test.publish("ann", 1);
    await gets(client, [...kept, ...lost]);
    const { log, user } = test.store.log.keysOf("ann");
    await redisCall(redis.port, "XDEL", log, lost[0] ?? "");
    const state = String(await redisCall(redis.port, "HGET", user, "log"));
    await redisCall(redis.port, "HSET", user, "log", state.replace(/^\S+/, kept[1] ?? ""));
    await checkHead("ann");
    const [gap] = await eventually(() => (client.gaps().length > 0 ? client.gaps() : null));
    expect(client.gaps()).toEqual([{ from: lost[0], to: gap?.to, reason: "failover", possible: true }]);
    await isLive(delivery);
    expect(delivery).toMatchObject({ offset: gap?.to, told: gap?.to, isOnMark: true });
    await gets(client, [...kept, ...lost, ...(await test.publish("ann", 1))]);
  });
});

describe("a mark of lost writes", () => {
  it("P5 reaches a socket also where it came while the socket's first page was read", async () => {
    await test.store.history.check();
    const [first = ""] = await test.publish("ann", 1);
    const { log, history } = test.store;
    const read = log.read.bind(log);
    log.read = async (...args) => {
      log.read = read;
      const page = await read(...args);
      await history.lose([log.keysOf("ann").partition]);
      return page;
    };
    const { client, delivery } = await connectLive("ann", first);
    const gap = { from: first, to: delivery.offset, reason: "failover", possible: true };
    await eventually(() => expect(client.gaps()).toEqual([gap]));
    expect(delivery.told).toBe(delivery.offset);
  });
});

it("P5 tries a failed read again, and the socket gets everything once Redis is back", async () => {
  const before = await test.publish("ann", 3);
  const { client, delivery } = await connectLive("ann", "0-0");
  await gets(client, before);
  test.gate = () => undefined;
  const missed = await test.publish("ann", 2);
  // A read that meets something that is no log fails as one without Redis does.
  const { log } = test.store.log.keysOf("ann");
  await redisCall(redis.port, "RENAME", log, `${log}.away`);
  await redisCall(redis.port, "SET", log, "no stream");
  await checkHead("ann");
  await eventually(() => delivery.phase === "waiting", { intervalMs: 5 });
  await redisCall(redis.port, "RENAME", `${log}.away`, log);
  await gets(client, [...before, ...missed]);
  await isLive(delivery);
});

describe("a slow socket", () => {
  const BUDGET = 262_144;
  const PAGE = 262_144;
  const EVENT = 32_768;
  const COUNT = 640;

  it("P2 P8 leaves LIVE, keeps the backlog bounded, and gets 20 MB in order once it reads again", async () => {
    const limits = { mailboxMaxBytes: 64 * 1_048_576 };
    test = await startTestHub(cleanUp, redis.url, { limits, socketBudgetBytes: BUDGET });
    const { client, delivery } = await connectLive("ann");
    const other = await connectLive("ann");
    let highest = 0;
    const look = (): void => {
      highest = Math.max(highest, delivery.backlogBytes);
    };
    test.gate = (deliver) => {
      deliver();
      look();
    };
    client.pause();
    const offsets = [];
    for (let n = 0; n < COUNT; n++) offsets.push(...(await test.publish("ann", [{ text: "x".repeat(EVENT) }])));
    // One that reads is not held up by one that does not.
    await gets(other.client, offsets);
    expect([delivery.phase, other.delivery.phase]).toEqual(["waiting", "live"]);
    expect(await catchUps("slow")).toBeGreaterThanOrEqual(1);
    client.resume();
    await eventually(
      () => {
        look();
        expect(client.offsets().length).toBe(COUNT);
      },
      { timeoutMs: 20_000, intervalMs: 1 },
    );
    await isLive(delivery);
    expect(client.offsets()).toEqual(offsets);
    expect(client.gaps()).toEqual([]);
    expect(highest).toBeGreaterThan(BUDGET);
    expect(highest).toBeLessThanOrEqual(BUDGET + PAGE + 2 * EVENT);
    expect(other.delivery.phase).toBe("live");
  });
});
