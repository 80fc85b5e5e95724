import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createCleanUp, eventually, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import { type HttpAnswer, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { openTestStore, type TestStore } from "../support/store.ts";

const cleanUp = createCleanUp();
let redis: RedisServer;
let replica: RedisServer;
let gateway: TestGateway;
let hub: TestStore;

beforeAll(async () => {
  redis = await startRedis({ args: ["--repl-diskless-sync-delay", "0"] });
  cleanUp.add(() => redis.stop());
  replica = await startRedis({ args: ["--replicaof", `127.0.0.1 ${redis.port}`] });
  cleanUp.add(() => replica.stop());
  hub = await openTestStore(cleanUp, redis.url);
  gateway = await startTestGateway(cleanUp, redis, { DOORSTEP_REPLICA_TIMEOUT_MS: "300" });
  await eventually(async () => String(await redisCall(redis.port, "INFO", "replication")).includes("state=online"));
});
afterAll(() => cleanUp.run());

const note = { type: "note", data: 1 };
const publish = (body: object): Promise<HttpAnswer> =>
  gateway.request("/v1/publish", { ...note, durability: "replicated", ...body });
const batch = (events: object[], durability: unknown = "replicated"): Promise<HttpAnswer> =>
  gateway.request("/v1/publish/batch", { events, durability });
const lengthOf = async (userId: string): Promise<number> =>
  Number(await redisCall(redis.port, "XLEN", hub.store.log.keysOf(userId).log));

describe("publishing with durability replicated", () => {
  it("answers how many replicas have each event", async () => {
    const published = { id: expect.any(String), offset: expect.any(String), duplicate: false, replicas: 1 };
    expect((await publish({ userId: "ann" })).body).toEqual(published);
    expect((await publish({ userIds: ["bob", "cy"] })).body).toEqual({ results: [published, published] });
    const { body } = await batch([
      { ...note, userId: "ann" },
      { ...note, userId: "ann", delivery: "ephemeral" },
    ]);
    expect(body["results"]).toEqual([published, { id: expect.any(String), offset: null, duplicate: false }]);
    expect((await publish({ userId: "ann", durability: "logged" })).body).not.toHaveProperty("replicas");
  });

  it.each(["certified", 1, null])("refuses %p", async (durability) => {
    const events = [{ ...note, userId: "dee" }];
    const answers = [await publish({ userId: "dee", durability }), await batch(events, durability)];
    const perItem = await batch([{ ...note, userId: "dee", durability: "replicated" }]);
    expect([...answers, perItem].map(({ body }) => body["code"])).toEqual(Array(3).fill("INVALID_REQUEST"));
    expect(await lengthOf("dee")).toBe(0);
  });

  it("P1 answers UNDER_REPLICATED where the replica does not answer, and logs each event once all the same", async () => {
    await replica.kill("SIGSTOP");
    const first = await publish({ userId: "eve", id: "mine" });
    const repeated = await publish({ userId: "eve", id: "mine" });
    // Refused as one, for a reason of Redis': tried one by one, events whose id the hub made would be logged again.
    const { body } = await batch([1, 2, 3].map((data) => ({ type: "note", data, userId: "flo" })));
    await replica.kill("SIGCONT");
    for (const { status, headers, body: answer } of [first, repeated]) {
      expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
      expect(answer).toMatchObject({ code: "UNDER_REPLICATED", number: 119, retryable: true });
    }
    expect(body["results"]).toMatchObject([1, 2, 3].map(() => ({ code: "UNDER_REPLICATED" })));
    expect([await lengthOf("eve"), await lengthOf("flo")]).toEqual([1, 3]);
    expect(await gateway.metric("doorstep_published_events_total", { outcome: "UNDER_REPLICATED" })).toBe(3);
    const done = await eventually(async () => {
      const answer = await publish({ userId: "eve", id: "mine" });
      return answer.status === 200 && answer.body;
    });
    expect(done).toMatchObject({ id: "mine", duplicate: true, replicas: 1 });
  });
});
