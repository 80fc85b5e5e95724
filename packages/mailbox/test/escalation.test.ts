import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { Offset } from "@doorstep/protocol";
import { createCleanUp, eventually, redisCall, type RedisServer, startRedis } from "@doorstep/testkit";

import { startConsumer } from "../src/consumer.ts";
import type { DeadLetter } from "../src/dead-letter.ts";
import type { EscalationAttempt, EscalationOutcome, Escalator } from "../src/escalation.ts";
import { createExpiry } from "../src/expiry.ts";
import { holdUser } from "../src/hold.ts";
import { mailboxAddress } from "../src/queue.ts";
import { drafts, openHub, type TestHub } from "./support/hub.ts";

const cleanUp = createCleanUp();
let redis: RedisServer;
let hub: TestHub;
let attempts: EscalationAttempt[];
let counts: [sink: string, count: string, by: number][];
let letters: DeadLetter[];
/** What the next attempts end with; delivered once they are used up. */
let outcomes: EscalationOutcome[];
/** Runs within an attempt, before it ends. */
let during: (attempt: EscalationAttempt) => Promise<void> | void;
let afterMs: number;

/** Every parcel as one escalation to one sink, so long after its last event. */
const escalator: Escalator = {
  plan: (events) => {
    const to = events.at(-1)?.offset ?? "0-0";
    return [{ sink: "webhook", dueAtMs: Number(to.split("-")[0]) + afterMs, to, events }];
  },
  attempt: async (attempt) => {
    attempts.push(attempt);
    await during(attempt);
    return outcomes.shift() ?? { kind: "delivered" };
  },
  onCount: (sink, count, by) => void counts.push([sink, count, by]),
};

beforeAll(async () => {
  redis = await startRedis({ aof: false });
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redisCall(redis.port, "FLUSHALL");
  hub = await openHub(redis.url);
  cleanUp.add(() => hub.close());
  [attempts, counts, letters, outcomes] = [[], [], [], []];
  during = () => undefined;
  afterMs = 1;
});
afterEach(() => cleanUp.run());

const keysOf = (userId: string) => hub.store.log.keysOf(userId);

async function publishAndHold(count: number, draft = {}): Promise<Offset[]> {
  const offsets = await hub.publish("ann", drafts(count, draft));
  await holdUser({ ...hub, escalator }, keysOf("ann"));
  return offsets;
}

/** Starts to process parcels, as a courier does. */
async function consume(): Promise<() => Promise<void>> {
  const { store, deadLetters, retention, onError } = hub;
  const onExpired = (letter: DeadLetter): void => void letters.push(letter);
  const consumer = await startConsumer({
    address: mailboxAddress(0),
    connection: await store.openConnection("queue"),
    process: createExpiry({ store, deadLetters, retention, escalator, onExpired, onError }),
    concurrency: 4,
    stalledIntervalMs: 30_000,
    onError,
  });
  const close = (): Promise<void> => consumer.close();
  cleanUp.add(close);
  return close;
}

const offsetsOf = ({ events }: EscalationAttempt): Offset[] => events.map(({ offset }) => offset);

describe("a held event that nobody acknowledges", () => {
  it("P3 is told once when its time has come, as a batch of its user, and stays held", async () => {
    const offsets = await publishAndHold(3);
    await consume();
    await eventually(() => attempts.length === 1);
    await eventually(() => counts.length === 1);
    const [attempt] = attempts;
    expect(attempt).toMatchObject({ sink: "webhook", userId: "ann", attempt: 1, to: offsets[2] });
    expect(attempt && offsetsOf(attempt)).toEqual(offsets);
    expect(counts).toEqual([["webhook", "delivered", 1]]);
    // Delayed to its expiry now, and a further look finds nothing to do.
    await eventually(async () => expect((await hub.jobs()).map(({ delay }) => delay > 60_000)).toEqual([true]));
    expect(await hub.parcels(keysOf("ann"))).toHaveLength(1);
    expect(attempts).toHaveLength(1);
  });

  it("waits for its time: the parcel's first look is due then, not at its expiry", async () => {
    afterMs = 60_000;
    await publishAndHold(1);
    const [job] = await hub.jobs();
    expect(job?.delay).toBeGreaterThan(50_000);
    expect(job?.delay).toBeLessThanOrEqual(60_000);
    expect(attempts).toEqual([]);
  });

  it("P3 is tried again until the sink takes it, under the same name", async () => {
    outcomes = [
      { kind: "retry", reason: "status 500", afterMs: 20 },
      { kind: "retry", reason: "timeout", afterMs: 20 },
    ];
    const offsets = await publishAndHold(2);
    await consume();
    await eventually(() => attempts.length === 3);
    await eventually(() => counts.length === 3);
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    for (const attempt of attempts) expect(attempt).toMatchObject({ jobId: attempts[0]?.jobId, to: offsets[1] });
    expect(counts.map(([, count]) => count)).toEqual(["retry", "retry", "delivered"]);
  });

  it.each(["gone", "refused"] as const)(
    "is not told again where the sink says %s, and expires in its time",
    async (kind) => {
      outcomes = [{ kind, reason: "status 404" }];
      await publishAndHold(1, { expiresInMs: 1_500 });
      await consume();
      await eventually(() => letters.length === 1, { timeoutMs: 10_000 });
      expect(attempts).toHaveLength(1);
      const told = kind === "refused" ? "webhook refused: status 404" : "webhook gone";
      expect(letters[0]?.history.map(({ what }) => what)).toEqual(["held", told, "expired"]);
    },
  );

  it("P3 is cancelled by an ack that comes before, and only what is left is told after a part of it", async () => {
    const offsets = await publishAndHold(3);
    await hub.store.log.ack(keysOf("ann"), offsets[0] ?? "");
    await consume();
    await eventually(() => attempts.length === 1);
    expect(attempts.map(offsetsOf)).toEqual([offsets.slice(1)]);
  });

  it("P3 is told at most once too often where the ack comes between the look and the request, and that is counted", async () => {
    const offsets = await hub.publish("ann", drafts(3));
    await holdUser({ ...hub, escalator }, keysOf("ann"));
    during = async () => {
      // The mailbox has read what is acknowledged, the sink is at work: now the user comes back.
      await hub.store.log.ack(keysOf("ann"), offsets[1] ?? "");
    };
    outcomes = [{ kind: "retry", reason: "status 503", afterMs: 10 }];
    await consume();
    await eventually(() => attempts.length === 2);
    await eventually(() => counts.length >= 3);
    expect(attempts.map(offsetsOf)).toEqual([offsets, offsets.slice(2)]);
    expect(counts.filter(([, count]) => count === "late_ack")).toEqual([["webhook", "late_ack", 2]]);
  });

  it("P3 P5 is told again, under the same name, by another courier where one died after the request", async () => {
    await publishAndHold(2);
    let deaths = 0;
    during = () => {
      if (++deaths === 1) throw new Error("died");
    };
    await consume();
    // A death is an error here: the look comes again, and the attempt was never noted.
    await eventually(() => hub.errors.length === 1);
    const [job] = await hub.jobs();
    await job?.changeDelay(0);
    await eventually(() => attempts.length === 2);
    expect(attempts.map(({ jobId, to, attempt }) => [jobId, to, attempt])).toEqual([
      [attempts[0]?.jobId, attempts[0]?.to, 1],
      [attempts[0]?.jobId, attempts[0]?.to, 1],
    ]);
  });

  it("P10 shows in its receipt", async () => {
    const [offset = ""] = await publishAndHold(1);
    await consume();
    await eventually(() => counts.length === 1);
    const keys = keysOf("ann");
    await eventually(async () => {
      expect(Number(await redisCall(redis.port, "HEXISTS", keys.escalated, offset))).toBe(1);
    });
  });
});
