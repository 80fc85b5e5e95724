import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import { DeadLetterOffice, type DeadLetterFilter, summarize } from "../src/dead-letter-office.ts";
import { makeLetters } from "./support/dead-letter.ts";
import { drafts, openHub, type TestHub, textsOf } from "./support/hub.ts";

let redis: RedisServer;
let hub: TestHub;
let office: DeadLetterOffice;

beforeAll(async () => {
  redis = await startRedis({ aof: false });
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redisCall(redis.port, "FLUSHALL");
  hub = await openHub(redis.url);
  office = new DeadLetterOffice(hub.store, await hub.store.openConnection("command"), hub.onError);
});
afterEach(async () => {
  await office.close();
  await hub.close();
});

const idsOf = async (filter: DeadLetterFilter = {}): Promise<string[]> =>
  (await office.list(filter, 100)).letters.map(({ id }) => id);

/** One letter of each of these users, in this order. */
async function lettersOf(...userIds: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const userId of userIds) ids.push(...(await makeLetters(hub, userId, drafts(2))));
  return ids;
}

describe("listing dead letters", () => {
  it("tells everything but the bodies, oldest first", async () => {
    const ids = await lettersOf("bob", "ann", "cy");
    const { letters, next } = await office.list({}, 100);
    expect([letters.map(({ id }) => id), next]).toEqual([ids, null]);
    const [first] = letters;
    expect(first).toEqual({
      id: ids[0],
      userId: "bob",
      reason: "expired",
      from: "0-0",
      to: expect.stringMatching(/^\d+-\d+$/),
      count: 2,
      bytes: expect.any(Number),
      publishedAtMs: expect.any(Number),
      heldAtMs: expect.any(Number),
      deadAtMs: expect.any(Number),
      keptUntilMs: expect.any(Number),
    });
    expect(first?.bytes).toBeGreaterThan(100);
    expect(first?.deadAtMs).toBeGreaterThan(first?.publishedAtMs ?? Infinity);
  });

  it("is empty where there are none", async () => {
    expect(await office.list({}, 10)).toEqual({ letters: [], next: null });
  });

  it("goes on where a page ended, although letters went and came meanwhile", async () => {
    const ids = await lettersOf("u0", "u1", "u2", "u3", "u4", "u5");
    const first = await office.list({}, 3);
    expect(first.letters.map(({ id }) => id)).toEqual(ids.slice(0, 3));
    for (const id of ids.slice(0, 3)) await office.purge(id);
    const [later = ""] = await lettersOf("u6");
    const second = await office.list({}, 3, first.next ?? undefined);
    expect(second.letters.map(({ id }) => id)).toEqual(ids.slice(3));
    const third = await office.list({}, 3, second.next ?? undefined);
    expect([third.letters.map(({ id }) => id), third.next]).toEqual([[later], null]);
  });

  it("P4 gives one user's letters only, also where one id begins like another", async () => {
    await lettersOf("ann", "ann-2", "an", "Ann 1", "ann");
    const users = async (userId: string): Promise<unknown[]> =>
      (await office.list({ userId }, 100)).letters.map((letter) => letter.userId);
    expect(await users("ann")).toEqual(["ann", "ann"]);
    expect(await users("an")).toEqual(["an"]);
    expect(await users("Ann 1")).toEqual(["Ann 1"]);
    expect(await users("nobody")).toEqual([]);
    await expect(users("")).rejects.toMatchObject({ code: "INVALID_USER" });
  });

  it("filters by reason and by age", async () => {
    const ids = await lettersOf("ann", "bob");
    expect(await idsOf({ reason: "expired" })).toEqual(ids);
    expect(await idsOf({ reason: "other" as "expired" })).toEqual([]);
    expect(await idsOf({ olderThanMs: 3_600_000 })).toEqual([]);
    expect(await idsOf({ olderThanMs: 0 })).toEqual(ids);
  });

  it("ends a filtered page at its limit and goes on behind it", async () => {
    const ids = await lettersOf("ann", "bob", "ann", "bob", "ann");
    const first = await office.list({ userId: "ann" }, 2);
    expect(first.letters.map(({ id }) => id)).toEqual([ids[0], ids[2]]);
    const second = await office.list({ userId: "ann" }, 2, first.next ?? undefined);
    expect([second.letters.map(({ id }) => id), second.next]).toEqual([[ids[4]], null]);
  });
});

describe("one dead letter", () => {
  it("is read whole", async () => {
    const [id = ""] = await makeLetters(hub, "ann", drafts(3));
    const letter = await office.get(id);
    expect(textsOf(letter)).toEqual(drafts(3).map(({ text }) => text));
    expect(summarize(letter).id).toBe(id);
  });

  it.each(["", "meta", "dl.", "dl.uann.0-0.1-1", "dl.uann.0-0.1-1:logs", "delayed", "../meta"])(
    "is not there under the id %j",
    async (id) => {
      await lettersOf("ann");
      await expect(office.get(id)).rejects.toMatchObject({ code: "NOT_FOUND" });
      await expect(office.replay(id)).rejects.toMatchObject({ code: "NOT_FOUND" });
      await expect(office.purge(id)).rejects.toMatchObject({ code: "NOT_FOUND" });
      expect(await idsOf()).toHaveLength(1);
    },
  );

  it("is gone for good once it is purged", async () => {
    const [first = "", second = ""] = await lettersOf("ann", "bob");
    await office.purge(first);
    expect(await idsOf()).toEqual([second]);
    await expect(office.get(first)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(office.purge(first)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("purging by filter", () => {
  it("removes what is meant and nothing else", async () => {
    const ids = await lettersOf("ann", "bob", "ann");
    expect(await office.purgeAll({ userId: "ann", olderThanMs: 3_600_000 })).toEqual({ purged: 0, next: null });
    expect(await office.purgeAll({ userId: "ann" })).toEqual({ purged: 2, next: null });
    expect(await idsOf()).toEqual([ids[1]]);
    expect(await office.purgeAll({ olderThanMs: 0 })).toEqual({ purged: 1, next: null });
    expect(await idsOf()).toEqual([]);
  });

  it("looks at 2,000 letters a call and tells where to go on", async () => {
    const [id = ""] = await lettersOf("ann");
    const letter = await office.get(id);
    const to = (index: number): string => `${1_000 + index}-0`;
    await hub.deadLetters.addBulk(
      Array.from({ length: 2_400 }, (_, index) => ({
        name: "expired",
        data: { ...letter, uid: "ubob", userId: "bob", parcel: { ...letter.parcel, jobId: `ubob.0-0.${to(index)}` } },
        opts: { jobId: `dl.ubob.0-0.${to(index)}`, delay: 3_600_000 },
      })),
    );
    const one = await office.list({ userId: "nobody" }, 10);
    expect(one.letters).toEqual([]);
    const two = await office.list({ userId: "nobody" }, 10, one.next ?? undefined);
    expect([typeof one.next, two.next]).toEqual(["string", null]);

    const first = await office.purgeAll({ userId: "bob" });
    const second = await office.purgeAll({ userId: "bob" }, first.next ?? undefined);
    expect([first.purged + second.purged, second.next]).toEqual([2_400, null]);
    expect(first.purged).toBeGreaterThanOrEqual(1_999);
    expect(await idsOf()).toEqual([id]);
  });
});
