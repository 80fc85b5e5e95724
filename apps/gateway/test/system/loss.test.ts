import { randomUUID } from "node:crypto";
import { readdir, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import { encodeEvent, type Gap, type Offset, offsetTimeMs } from "@doorstep/protocol";
import { connectStore } from "@doorstep/store";
import {
  createCleanUp,
  createHubProcesses,
  eventually,
  redisCall,
  type RedisServer,
  startTcpProxy,
} from "@doorstep/testkit";
import { type Deployment, type Gateway, startDeployment } from "./support/deployment.ts";
import { connectBare, numbersOf, offsetsOf } from "./support/device.ts";

const SILENCE_MS = 10_000;
const cleanUp = createCleanUp();
afterEach(() => cleanUp.run(), 60_000);

/** The file that Redis appends its writes to. */
async function aofOf(redis: RedisServer): Promise<string> {
  const folder = join(redis.dir, "appendonlydir");
  const name = (await readdir(folder)).find((file) => file.endsWith(".incr.aof"));
  return join(folder, name ?? "");
}

async function publish(deployment: Deployment, userId: string, n: number): Promise<Offset> {
  const answer = await eventually(async () => {
    const { status, body } = await deployment.post("/v1/publish", { userId, type: "note", data: { n } });
    return status === 200 ? (body as { offset: Offset }) : null;
  });
  return answer.offset;
}

describe("Redis is killed", () => {
  it("P5 tells nobody of a gap where it comes back with everything", async () => {
    const deployment = await startDeployment(cleanUp);
    const [first, second] = deployment.gateways as [Gateway, Gateway];
    const anna = await connectBare(deployment, cleanUp, "anna", first);
    await eventually(() => anna.ready.length === 1);
    const seen = await publish(deployment, "bert", 1);
    await publish(deployment, "anna", 1);
    await eventually(() => anna.events.length === 1);

    await deployment.redis.kill("SIGKILL");
    await deployment.redis.restart();
    await publish(deployment, "anna", 2);
    await publish(deployment, "bert", 2);
    await eventually(() => anna.events.length === 2, { timeoutMs: 20_000 });
    const bert = await connectBare(deployment, cleanUp, "bert", second, { offset: seen });
    await eventually(() => bert.ready.length === 1);
    expect(numbersOf(anna.events)).toEqual([1, 2]);
    expect(numbersOf(bert.events)).toEqual([2]);
    expect([...anna.gaps, ...bert.gaps]).toEqual([]);
  }, 60_000);

  it("P5 tells everybody who may have missed something where the end of its AOF is gone, each once", async () => {
    const deployment = await startDeployment(cleanUp);
    const [first, second] = deployment.gateways as [Gateway, Gateway];
    const anna = await connectBare(deployment, cleanUp, "anna", first);
    await eventually(() => anna.ready.length === 1);
    const bertStands = await publish(deployment, "bert", 1);
    await publish(deployment, "anna", 1);
    const aof = await aofOf(deployment.redis);
    const { size } = await stat(aof);
    // Written, acknowledged to their publishers, and lost: anna saw hers, bert was away.
    const lost = await publish(deployment, "anna", 2);
    await publish(deployment, "bert", 2);
    await eventually(() => anna.events.length === 2);
    await deployment.redis.kill("SIGKILL");
    await truncate(aof, size);
    await deployment.redis.restart();

    await eventually(() => anna.gaps.length > 0, { timeoutMs: 20_000 });
    const after = await publish(deployment, "anna", 3);
    await publish(deployment, "bert", 3);
    await eventually(() => numbersOf(anna.events).includes(3), { timeoutMs: 20_000 });
    expect(numbersOf(anna.events)).toEqual([1, 2, 3]);
    expect(anna.gaps).toEqual([expect.objectContaining({ from: lost, reason: "failover", possible: true })]);
    expect(offsetTimeMs(after)).toBeGreaterThan(offsetTimeMs(lost));

    const bert = await connectBare(deployment, cleanUp, "bert", second, { offset: bertStands });
    await eventually(() => bert.ready.length === 1);
    expect(numbersOf(bert.events)).toEqual([3]);
    const [gap] = bert.gaps as [Gap];
    expect(bert.gaps).toEqual([{ from: bertStands, to: gap.to, reason: "failover", possible: true }]);
    expect(bert.ready).toMatchObject([{ recovered: false }]);
    // From there on nothing is missing, and nobody says so again.
    const again = await connectBare(deployment, cleanUp, "bert", first, { offset: gap.to });
    await eventually(() => again.ready.length === 1);
    expect([...again.gaps, ...again.events]).toEqual([]);
  }, 60_000);
});

describe("what Redis lost is not to be seen at the head", () => {
  it("P5 is told all the same where publishers appended again before a gateway looked, also to who never saw it", async () => {
    const deployment = await startDeployment(cleanUp);
    const [first, second] = deployment.gateways as [Gateway, Gateway];
    const publisher = await connectStore({ redis: deployment.redis.url });
    cleanUp.add(() => publisher.close());
    const append = (userId: string): Promise<Offset> =>
      eventually(
        async () =>
          (await publisher.log.append(userId, [encodeEvent({ type: "note", data: {} }, randomUUID, Date.now())]))[0]
            ?.offset ?? null,
      );
    const anna = await connectBare(deployment, cleanUp, "anna", first);
    await eventually(() => anna.ready.length === 1);
    const bertStands = await append("bert");
    const aof = await aofOf(deployment.redis);
    const { size } = await stat(aof);
    // Bert is away: but for the publisher nobody knows of this event.
    await append("bert");
    await deployment.redis.kill("SIGKILL");
    await truncate(aof, size);
    await deployment.redis.restart();
    const late = await append("bert");
    await append("anna");

    await eventually(() => anna.gaps.length > 0, { timeoutMs: 20_000 });
    const bert = await connectBare(deployment, cleanUp, "bert", second, { offset: bertStands });
    await eventually(() => bert.ready.length === 1);
    expect(bert.events.map(({ offset }) => offset)).toEqual([late]);
    expect(bert.gaps).toMatchObject([{ reason: "failover", possible: true }]);
    expect(anna.gaps).toMatchObject([{ reason: "failover", possible: true }]);
    expect(anna.events).toHaveLength(1);
  }, 60_000);

  it("P5 is told to everybody once all of Redis was emptied, and the hub goes on by itself", async () => {
    const deployment = await startDeployment(cleanUp);
    const [first, second] = deployment.gateways as [Gateway, Gateway];
    const anna = await connectBare(deployment, cleanUp, "anna", first);
    await eventually(() => anna.ready.length === 1);
    await publish(deployment, "anna", 1);
    const bertStands = await publish(deployment, "bert", 1);
    await publish(deployment, "bert", 2);
    await eventually(() => anna.events.length === 1);
    await redisCall(Number(new URL(deployment.redis.url).port), "FLUSHALL");
    await publish(deployment, "bert", 3);
    await publish(deployment, "anna", 2);

    await eventually(() => anna.gaps.length > 0 && anna.events.length === 2, { timeoutMs: 20_000 });
    expect(numbersOf(anna.events)).toEqual([1, 2]);
    expect(anna.gaps).toMatchObject([{ reason: "failover", possible: true }]);
    const bert = await connectBare(deployment, cleanUp, "bert", second, { offset: bertStands });
    await eventually(() => bert.ready.length === 1);
    expect(numbersOf(bert.events)).toEqual([3]);
    expect(bert.gaps).toMatchObject([{ reason: "failover", possible: true }]);
  }, 60_000);
});

describe("the link between a gateway and Redis goes dead without an error for 10 s", () => {
  it("P2 P10 tells the gateway's sockets, and delivers everything within 10 s of the heal", async () => {
    const deployment = await startDeployment(cleanUp, { gateways: 1 });
    const [other] = deployment.gateways as [Gateway];
    const proxy = await startTcpProxy(deployment.redis.port);
    cleanUp.add(() => proxy.close());
    const processes = createHubProcesses({ redisUrl: deployment.redis.url, cleanUp });
    const gateway = await processes.startGateway({ redisUrl: `redis://127.0.0.1:${proxy.port}` });
    const connect = async (userId: string, at: Gateway) => {
      const device = await connectBare(deployment, cleanUp, userId, at);
      const told: unknown[] = [];
      device.socket.on("degraded", (message: unknown) => void told.push(message));
      return { userId, told, ...device };
    };
    const cutOff = await Promise.all(["anna", "anna", "bert"].map((userId) => connect(userId, gateway)));
    const spared = await connect("anna", other);
    await eventually(() => [...cutOff, spared].every(({ ready }) => ready.length === 1));

    const deadAtMs = performance.now();
    proxy.pause();
    const offsets: Record<string, Offset[]> = { anna: [], bert: [] };
    let n = 0;
    const publishAll = async (): Promise<void> => {
      for (const userId of ["anna", "bert"]) offsets[userId]?.push(await publish(deployment, userId, n));
      n += 1;
    };
    await publishAll();
    await eventually(() => cutOff.every(({ told }) => told.length > 0), { timeoutMs: 8_000 });
    for (const { told } of cutOff) expect(told).toEqual([{ since: expect.stringMatching(/^\d{4}-/) }]);
    expect((await fetch(`${gateway.adminUrl}/readyz`)).status).toBe(503);
    expect((await fetch(`${gateway.adminUrl}/healthz`)).status).toBe(200);
    expect((await fetch(`${other.adminUrl}/readyz`)).status).toBe(200);
    const isOver = async () => {
      await publishAll();
      return performance.now() - deadAtMs >= SILENCE_MS;
    };
    await eventually(isOver, { timeoutMs: 2 * SILENCE_MS, intervalMs: 200 });
    expect(cutOff.flatMap(({ events }) => events)).toEqual([]);
    await eventually(() => spared.events.length === n);

    proxy.resume();
    // The time that is promised.
    await eventually(() => cutOff.every(({ events }) => events.length >= n), { timeoutMs: 10_000 });
    await eventually(() => cutOff.every(({ told }) => told.length === 2));
    for (const { userId, events, told, gaps, socket, ready } of cutOff) {
      expect(offsetsOf(events)).toEqual(offsets[userId]);
      expect(told[1]).toEqual({ since: null });
      expect(gaps).toEqual([]);
      // The connection that was there all the time.
      expect([socket.connected, ready.length]).toEqual([true, 1]);
    }
    expect([spared.told, spared.gaps]).toEqual([[], []]);
  }, 60_000);
});
