import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { offsetTimeMs } from "@doorstep/protocol";
import { createCleanUp, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";

import { type MailboxCensus, takeCensus } from "../src/census.ts";
import { holdUser } from "../src/hold.ts";
import { MailboxQueues } from "../src/queue.ts";
import { makeLetters } from "./support/dead-letter.ts";
import { drafts, linesOf, openHub, type TestHub } from "./support/hub.ts";

let redis: RedisServer;
let hub: TestHub;
const cleanUp = createCleanUp();

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redisCall(redis.port, "FLUSHALL");
  hub = await openHub(redis.url);
  cleanUp.add(() => hub.close());
});
afterEach(() => cleanUp.run());

async function count(queues = hub.queues): Promise<MailboxCensus> {
  const connection = await hub.store.openConnection("command");
  return takeCensus({ store: hub.store, connection, queues, deadLetters: hub.deadLetters });
}

/** Publishes events and holds them; returns when the last one was logged. */
async function hold(userId: string, events: number): Promise<number> {
  const offsets = await hub.publish(userId, drafts(events));
  await holdUser(hub, hub.store.log.keysOf(userId));
  return offsetTimeMs(offsets.at(-1) ?? "");
}

const EMPTY = { parcels: 0, events: 0, bytes: 0, oldestAtMs: undefined };

describe("takeCensus", () => {
  it("finds nothing in an empty hub", async () => {
    expect(await count()).toEqual({ queues: [{ queue: "mb0", ...EMPTY }], deadLetters: 0, oldestDeadAtMs: undefined });
  });

  it("tells parcels, events, bytes and the oldest exactly while they are few", async () => {
    const oldestAtMs = await hold("ann", 150);
    await hold("bob", 7);
    const bodies = (await hub.jobs()).flatMap((job) => linesOf(job.data).map(([, body]) => body));
    const bytes = bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0);
    expect((await count()).queues).toEqual([
      { queue: "mb0", parcels: 3, events: 157, bytes, oldestAtMs: expect.any(Number) },
    ]);
    // Ann's first parcel ends before her last event.
    const [first] = await hub.parcels(hub.store.log.keysOf("ann"));
    expect((await count()).queues[0]?.oldestAtMs).toBe(offsetTimeMs(first?.to ?? ""));
    expect(offsetTimeMs(first?.to ?? "")).toBeLessThanOrEqual(oldestAtMs);
  });

  it("finds the oldest also where it waits for a courier", async () => {
    const oldestAtMs = await hold("ann", 1);
    for (const job of await hub.jobs()) await job.promote();
    await hold("bob", 1);
    expect((await count()).queues).toMatchObject([{ parcels: 2, oldestAtMs }]);
  });

  it("tells queues apart", async () => {
    await hold("ann", 1);
    const two = new MailboxQueues(await hub.store.openConnection("command"), 2, hub.onError);
    cleanUp.add(() => two.close());
    expect((await count(two)).queues).toMatchObject([
      { queue: "mb0", parcels: 1 },
      { queue: "mb1", ...EMPTY },
    ]);
  });

  it("estimates what many parcels hold from some, passing over jobs that no list names", async () => {
    for (let user = 0; user < 80; user++) await hold(`user-${user}`, user < 40 ? 1 : 3);
    const orphan = { uid: "uorphan", from: "0-0", to: "1-0" };
    await hub.queues.of(0).add("parcel", orphan as never, { jobId: "uorphan.0-0.1-0", delay: 60_000 });
    const [queue] = (await count()).queues;
    expect(queue?.parcels).toBe(81);
    expect(queue?.events).toBeGreaterThanOrEqual(81);
    expect(queue?.events).toBeLessThanOrEqual(3 * 81);
    expect(queue?.oldestAtMs).toBe(1);
  });

  it("costs the same for 100 parcels as for 1,000", async () => {
    const commands = async (): Promise<number> => {
      await count();
      const before = await commandsSoFar();
      await count();
      return (await commandsSoFar()) - before;
    };
    for (let user = 0; user < 100; user++) await hold(`user-${user}`, 1);
    const few = await commands();
    for (let user = 100; user < 1_000; user++) await hold(`user-${user}`, 1);
    expect(await commands()).toBeLessThanOrEqual(few + 10);
  }, 60_000);

  it("tells dead letters and when the oldest died", async () => {
    await makeLetters(hub, "ann", drafts(1));
    const [job] = await hub.deadLetters.getDelayed();
    await makeLetters(hub, "bob", drafts(1));
    expect(await count()).toMatchObject({ deadLetters: 2, oldestDeadAtMs: job?.data.deadAtMs });
  });
});

async function commandsSoFar(): Promise<number> {
  const info = String(await redisCall(redis.port, "INFO", "stats"));
  return Number(/total_commands_processed:(\d+)/.exec(info)?.[1]);
}
