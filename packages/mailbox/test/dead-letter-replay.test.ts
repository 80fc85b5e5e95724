import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { compareOffsets, type EncodedEvent } from "@doorstep/protocol";
import { type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import { type DeadLetter, deadLetterId } from "../src/dead-letter.ts";
import { replayLetter, type ReplayStep } from "../src/dead-letter-replay.ts";
import { addLetter } from "../src/dead-letter-retention.ts";
import { holdUser } from "../src/hold.ts";
import { parcelEntry } from "../src/parcel.ts";
import { makeLetters } from "./support/dead-letter.ts";
import { bodyOf } from "@doorstep/store";
import { drafts, linesOf, openHub, type TestHub } from "./support/hub.ts";

let redis: RedisServer;
let hub: TestHub;

beforeAll(async () => {
  redis = await startRedis({ aof: false });
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redisCall(redis.port, "FLUSHALL");
  hub = await openHub(redis.url);
});
afterEach(() => hub.close());

const keysOf = (userId: string) => hub.store.log.keysOf(userId);

async function letterOf(id: string | undefined): Promise<DeadLetter> {
  const job = await hub.deadLetters.getJob(id ?? "");
  if (job === undefined) throw new Error(`no letter ${id}`);
  return job.data;
}

const replay = (letter: DeadLetter, onStep: (step: ReplayStep) => void = () => undefined) =>
  replayLetter({ store: hub.store, queue: hub.deadLetters, onStep }, letter);

const logOf = async (userId: string) =>
  (await hub.store.log.read(keysOf(userId), "0-0", 1_000, 1_000_000)).entries.map((entry) => ({
    offset: entry.offset,
    body: bodyOf(entry),
  }));
const textsIn = async (userId: string): Promise<string[]> =>
  (await logOf(userId)).map(({ body }) => (JSON.parse(body) as { data: { text: string } }).data.text);
const countLetters = (): Promise<number> => hub.deadLetters.count();

function diesAfter(step: ReplayStep): (now: ReplayStep) => void {
  return (now) => {
    if (now === step) throw new Error("died");
  };
}

describe("replaying a dead letter", () => {
  it("P1 logs its events again, in order, with the same ids and new offsets, and removes it", async () => {
    const [id] = await makeLetters(hub, "ann", drafts(5));
    const letter = await letterOf(id);
    const [between] = await hub.publish("ann", [{ text: "between" }]);
    const results = await replay(letter);

    const before = letter.events.map(([, body]) => JSON.parse(body) as Record<string, unknown>);
    expect(results.map((result) => result.id)).toEqual(before.map((event) => event["id"]));
    expect(results.map(({ duplicate }) => duplicate)).toEqual([false, false, false, false, false]);
    const [, ...replayed] = await logOf("ann");
    expect(replayed.map(({ offset }) => offset)).toEqual(results.map(({ offset }) => offset));
    expect(compareOffsets(replayed[0]?.offset ?? "", between ?? "")).toBeGreaterThan(0);
    expect(replayed.map(({ body }) => JSON.parse(body) as unknown)).toEqual(
      before.map(({ expiresAt: _expired, ...event }) => event),
    );
    expect(await countLetters()).toBe(0);
  });

  it("P3 makes them undelivered again: they are held, and expire after the hold time", async () => {
    const [id] = await makeLetters(hub, "ann", drafts(2));
    await replay(await letterOf(id));
    expect(await hub.store.log.heads([keysOf("ann")])).toMatchObject([{ undelivered: 2 }]);
    expect(await holdUser(hub, keysOf("ann"))).toEqual({ parcels: 1, events: 2 });
    const [parcel] = await hub.jobs();
    expect(Number(parcel?.data.deadlineMs) - (await hub.store.nowMs())).toBeGreaterThan(hub.store.limits.holdMs / 2);
  });

  it.each<ReplayStep>(["ended", "appended"])("P5 logs nothing twice when a process died after %s", async (step) => {
    const [id] = await makeLetters(hub, "ann", drafts(3));
    const letter = await letterOf(id);
    await expect(replay(letter, diesAfter(step))).rejects.toThrow("died");
    expect(await countLetters()).toBe(1);
    const isLogged = step === "appended";
    expect(await logOf("ann")).toHaveLength(isLogged ? 3 : 0);

    const results = await replay(letter);
    expect(results.map(({ duplicate }) => duplicate)).toEqual([isLogged, isLogged, isLogged]);
    expect(await textsIn("ann")).toEqual(["event 0", "event 1", "event 2"]);
    expect(await countLetters()).toBe(0);
  });

  it("P1 logs nothing twice when two people do it at once", async () => {
    const [id] = await makeLetters(hub, "ann", drafts(3));
    const letter = await letterOf(id);
    const both = await Promise.all([replay(letter), replay(letter)]);
    expect(both.flat().filter(({ duplicate }) => !duplicate)).toHaveLength(3);
    expect(await textsIn("ann")).toEqual(["event 0", "event 1", "event 2"]);
  });

  it("P5 ends what a courier left that died between the dead letter and the tombstone", async () => {
    await hub.publish("ann", drafts(2));
    await holdUser(hub, keysOf("ann"));
    const [job] = await hub.jobs();
    if (job === undefined) throw new Error("no parcel");
    const nowMs = await hub.store.nowMs();
    const letter: DeadLetter = {
      uid: "uann",
      userId: "ann",
      reason: "expired",
      parcel: parcelEntry(job.data),
      events: linesOf(job.data).map(([offset, body]) => [offset, body]),
      heldAtMs: nowMs,
      deadAtMs: nowMs,
      keptUntilMs: nowMs + 60_000,
      history: [],
    };
    await addLetter(hub.deadLetters, letter);
    expect((await replay(letter)).map(({ duplicate }) => duplicate)).toEqual([false, false]);
    const { custody } = await hub.store.log.read(keysOf("ann"), "0-0", 10, 10_000);
    expect(custody).toMatchObject([{ kind: "tombstone", reason: "expired", count: 2 }]);
    expect(await textsIn("ann")).toEqual(["event 0", "event 1"]);
  });

  it("P10 leaves the letter where the mailbox is full, and works once it is not", async () => {
    await hub.close();
    hub = await openHub(redis.url, { mailboxMaxEvents: 3 });
    const [id] = await makeLetters(hub, "ann", drafts(2));
    const letter = await letterOf(id);
    const [, last = ""] = await hub.publish("ann", drafts(2));
    await expect(replay(letter)).rejects.toMatchObject({ code: "MAILBOX_FULL" });
    expect(await countLetters()).toBe(1);
    await hub.store.log.ack(keysOf("ann"), last);
    expect(await replay(letter)).toHaveLength(2);
    expect(await countLetters()).toBe(0);
  });

  it("refuses a letter whose user nobody knows any more, and keeps it", async () => {
    const [id] = await makeLetters(hub, "ann@example.org", drafts(1));
    const { userId: _unknown, ...letter } = await letterOf(id);
    await expect(replay(letter)).rejects.toMatchObject({ code: "INVALID_USER" });
    expect(await countLetters()).toBe(1);
  });

  it("does not let an old event take the place of a newer one with its collapse key", async () => {
    const [id] = await makeLetters(hub, "ann", drafts(1));
    const letter = await letterOf(id);
    const keyed = (text: string): string =>
      `{"id":"${text}","type":"note","collapseKey":"k","data":{"text":"${text}"}}`;
    await appendText("ann", "newer", keyed("newer"), "k");
    await replay({ ...letter, events: [[letter.parcel.to, keyed("older")]] });
    expect(await textsIn("ann")).toEqual(["newer", "older"]);
  });
});

describe("the text of a replayed event", () => {
  const cases: [string, string, string][] = [
    [
      "numbers that JavaScript would round",
      '{"id":"a","time":"t","expiresAt":"2026-01-01T00:00:00.000Z","type":"x","data":{"n":12345678901234567890,"f":1.50}}',
      '{"id":"a","time":"t","type":"x","data":{"n":12345678901234567890,"f":1.50}}',
    ],
    ["an expiry at the end", '{"id":"a","data":1 , "expiresAt" : "2026" }', '{"id":"a","data":1  }'],
    [
      "an expiry of the payload",
      '{"id":"a","data":{"b":1,"expiresAt":"2026"},"expiresAt":"2025"}',
      '{"id":"a","data":{"b":1,"expiresAt":"2026"}}',
    ],
    [
      "text that looks like one",
      '{"id":"a","subject":"expiresAt","data":", \\"expiresAt\\":\\"2026\\" }"}',
      '{"id":"a","subject":"expiresAt","data":", \\"expiresAt\\":\\"2026\\" }"}',
    ],
    ["no expiry", '{"id":"a","data":[{"expiresAt":"2026"}]}', '{"id":"a","data":[{"expiresAt":"2026"}]}'],
  ];

  it.each(cases)("is as it was logged but for its own expiry: %s", async (_name, logged, expected) => {
    const [id] = await makeLetters(hub, "ann", drafts(1));
    const letter = await letterOf(id);
    await replay({ ...letter, events: [[letter.parcel.to, logged]] });
    expect((await logOf("ann")).map(({ body }) => body)).toEqual([expected]);
  });

  it.each(["no JSON", '{"type":"x"}', '{"id":5}', "[]"])("has to be that of an event, not %s", async (body) => {
    const [id] = await makeLetters(hub, "ann", drafts(1));
    const letter = await letterOf(id);
    await expect(replay({ ...letter, events: [[letter.parcel.to, body]] })).rejects.toMatchObject({
      code: "INVALID_EVENT",
    });
    expect([await logOf("ann"), await countLetters()]).toEqual([[], 1]);
  });
});

async function appendText(userId: string, id: string, body: string, collapseKey: string): Promise<void> {
  const event: EncodedEvent = {
    id,
    isCallerId: false,
    delivery: "durable",
    body,
    content: body,
    expiresAtMs: 0,
    collapseKey,
  };
  await hub.store.log.append(userId, [event]);
}

it("names letters after their parcels", () => {
  expect(deadLetterId("uann.0-0.1-1")).toBe("dl.uann.0-0.1-1");
});
