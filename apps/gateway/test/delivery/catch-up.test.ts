import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { Mailbox } from "@doorstep/mailbox";
import { type Gap, type Offset, ZERO_OFFSET } from "@doorstep/protocol";
import { createCleanUp, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import { CatchUp, type CatchUpPage } from "../../src/delivery/catch-up.ts";
import { eventsOf, seen } from "../support/page.ts";
import { openTestStore, type TestStore } from "../support/store.ts";

const cleanUp = createCleanUp();
let redis: RedisServer;
let hub: TestStore;
let catchUp: CatchUp;

beforeAll(async () => {
  redis = await startRedis({ aof: false });
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redisCall(redis.port, "FLUSHALL");
  await open();
});
afterEach(() => cleanUp.run());

async function open(limits: { logMaxEvents?: number; holdMs?: number } = {}): Promise<void> {
  hub = await openTestStore(cleanUp, redis.url, limits);
  catchUp = new CatchUp(hub.store, hub.mailbox);
}

const keysOf = (userId: string) => hub.store.log.keysOf(userId);
/** Reads as for a client that says itself where it stands. */
const read = (after: string, userId = "ann") =>
  catchUp.read(keysOf(userId), { after, told: ZERO_OFFSET, isSent: false });

/** Reads page after page up to the head, as a socket does. */
async function readAll(after: string, userId = "ann"): Promise<{ seen: (Offset | Gap)[]; pages: CatchUpPage[] }> {
  const pages = [await read(after, userId)];
  for (let page = pages[0]; page !== undefined && page.to !== page.head && pages.length < 50; page = pages.at(-1)) {
    pages.push(await read(page.to, userId));
  }
  return { seen: pages.flatMap(seen), pages };
}

describe("where a page starts", () => {
  it("reads after an offset, after what is acknowledged, or nothing at all", async () => {
    const offsets = await hub.publish("ann", 5);
    await hub.store.log.ack(keysOf("ann"), offsets[1] ?? "");
    expect(seen(await read(offsets[3] ?? ""))).toEqual(offsets.slice(4));
    expect(seen(await read("acked"))).toEqual(offsets.slice(2));
    expect(await read("acked")).toMatchObject({
      from: offsets[1],
      to: offsets[4],
      head: offsets[4],
      acked: offsets[1],
    });
    expect(await read("$")).toMatchObject({ from: offsets[4], to: offsets[4], items: [] });
    expect(seen(await read("0-0"))).toEqual(offsets);
  });

  it("is at the beginning for a user nobody published to", async () => {
    for (const after of ["acked", "$", "0-0"]) {
      expect(await read(after, "nobody")).toEqual({ from: "0-0", to: "0-0", head: "0-0", acked: "0-0", items: [] });
    }
  });

  it("splices each event's own offset into its body", async () => {
    const [offset] = await hub.publish("ann", [{ text: "日本 🚪" }]);
    const [item] = (await read("acked")).items;
    expect(item?.kind === "events" ? eventsOf(item.chunks) : []).toMatchObject([{ offset, data: { text: "日本 🚪" } }]);
  });
});

describe("pages", () => {
  it("P2 P8 end after 500 events, and the next goes on there", async () => {
    const offsets = [...(await hub.publish("ann", 700)), ...(await hub.publish("ann", 600))];
    const { seen: all, pages } = await readAll("0-0");
    expect(all).toEqual(offsets);
    expect(pages.map((page) => seen(page).length)).toEqual([500, 500, 300]);
  });

  it("P8 end before 256 KiB", async () => {
    const offsets = await hub.publish(
      "ann",
      Array.from({ length: 20 }, () => ({ text: "x".repeat(30_000) })),
    );
    const { seen: all, pages } = await readAll("0-0");
    expect(all).toEqual(offsets);
    expect(pages.map((page) => seen(page).length)).toEqual([8, 8, 4]);
  });
});

describe("parcels", () => {
  beforeEach(() => open({ logMaxEvents: 10 }));

  it("P2 P3 come first, then the log, each event once", async () => {
    const offsets = await hub.publish("ann", 250);
    expect((await hub.hold("ann")).map(({ count }) => count)).toEqual([100, 100, 50]);
    const late = await hub.publish("ann", 3);
    expect(await redisCall(redis.port, "XLEN", keysOf("ann").log)).toBe(13);
    expect((await readAll("acked")).seen).toEqual([...offsets, ...late]);
    expect((await readAll("0-0")).seen).toEqual([...offsets, ...late]);
    expect((await readAll(offsets[149] ?? "")).seen).toEqual([...offsets.slice(150), ...late]);
    expect((await readAll(offsets[245] ?? "")).seen).toEqual([...offsets.slice(246), ...late]);
  });

  it("P2 end at what the log still has, which is read from the log", async () => {
    const offsets = await hub.publish("ann", 20);
    await hub.hold("ann");
    const page = await read("acked");
    expect([page.to, page.head]).toEqual([offsets[9], offsets[19]]);
    expect(seen(page)).toEqual(offsets.slice(0, 10));
  });

  it("P2 P10 whose job is missing are gaps of reason dropped", async () => {
    const offsets = await hub.publish("ann", 150);
    const [first] = await hub.hold("ann");
    expect(await hub.mailbox.release(keysOf("ann"), [first?.jobId ?? ""])).toBe(1);
    expect((await readAll("acked")).seen).toEqual([
      { from: "0-0", to: offsets[99], reason: "dropped", count: 100 },
      ...offsets.slice(100),
    ]);
  });

  it("P2 that were acknowledged meanwhile make the page be read again", async () => {
    const offsets = await hub.publish("ann", 150);
    await hub.hold("ann");
    // Another device acknowledges between the read of the list and the read of the job.
    const meanwhile: Mailbox = {
      ...hub.mailbox,
      readParcel: async (parcel, keys, after, upTo) => {
        const { released } = await hub.store.log.ack(keys, offsets[99] ?? "");
        await hub.mailbox.release(keys, released);
        return hub.mailbox.readParcel(parcel, keys, after, upTo);
      },
    };
    const page = await new CatchUp(hub.store, meanwhile).read(keysOf("ann"), {
      after: "acked",
      told: ZERO_OFFSET,
      isSent: false,
    });
    expect(page).toMatchObject({ from: "0-0", to: "0-0", items: [] });
    expect((await readAll("acked")).seen).toEqual(offsets.slice(100));
    expect((await readAll(page.to)).seen).toEqual([
      { from: "0-0", to: offsets[99], reason: "trimmed" },
      ...offsets.slice(100),
    ]);
  });
});

describe("events with one collapse key", () => {
  it("P2 come as at most one per page, the last, out of parcels and out of the log", async () => {
    await open({ logMaxEvents: 50 });
    const progress = { collapseKey: "progress" };
    // Held now and then, so that several parcels have some: they are immutable.
    let last: Offset | undefined;
    for (let round = 0; round < 9; round++) {
      await hub.publish("ann", [{}, ...Array.from({ length: 100 }, () => progress)]);
      if (round < 8) await hub.hold("ann");
      [last] = await hub.publish("ann", [progress]);
    }
    const { pages } = await readAll("acked");
    const texts = pages.map((page) => page.items.flatMap((item) => (item.kind === "gap" ? [] : eventsOf(item.chunks))));
    for (const page of texts) expect(page.filter((e) => e.collapseKey === "progress").length).toBeLessThanOrEqual(1);
    expect(texts.at(-1)?.at(-1)).toMatchObject({ offset: last, collapseKey: "progress" });
    // What has no key is all there.
    expect(texts.flat().filter((e) => e.collapseKey === undefined)).toHaveLength(9);
    expect(texts.flat().length).toBeLessThanOrEqual(9 + pages.length);
  });

  it("P2 leave a page that has nothing else moved on to its end", async () => {
    const offsets = await hub.publish("ann", [{ collapseKey: "a" }, { collapseKey: "b" }]);
    const [late] = await hub.publish("ann", [{ collapseKey: "a" }]);
    expect(seen(await read("acked"))).toEqual([offsets[1], late]);
    expect(seen(await read(offsets[0] ?? ""))).toEqual([offsets[1], late]);
    expect(seen(await read(offsets[1] ?? ""))).toEqual([late]);
  });
});

describe("tombstones", () => {
  it("P2 P10 are gaps in their place, before what was published later", async () => {
    const expired = await hub.publish("ann", 3);
    const [parcel] = await hub.hold("ann");
    const late = await hub.publish("ann", 2);
    if (parcel !== undefined) await hub.expire("ann", parcel, expired);
    expect((await readAll("acked")).seen).toEqual([
      { from: "0-0", to: expired[2], reason: "expired", count: 3 },
      ...late,
    ]);
    expect((await readAll(expired[2] ?? "")).seen).toEqual(late);
  });

  it("P2 stand between the parcels around them", async () => {
    await open({ logMaxEvents: 1 });
    const offsets = await hub.publish("ann", 300);
    const parcels = await hub.hold("ann");
    const middle = parcels[1];
    if (middle !== undefined) await hub.expire("ann", middle, offsets.slice(100, 200));
    expect((await readAll("acked")).seen).toEqual([
      ...offsets.slice(0, 100),
      { from: offsets[99], to: offsets[199], reason: "expired", count: 100 },
      ...offsets.slice(200),
    ]);
  });

  it("P2 cover everything that is missing, also where stream events stand between the expired ones", async () => {
    const stream = { delivery: "stream" } as const;
    const offsets = await hub.publish("ann", [{}, stream, {}, stream, {}]);
    const [parcel] = await hub.hold("ann");
    const durable = [offsets[0], offsets[2], offsets[4]].map(String);
    if (parcel !== undefined) await hub.expire("ann", parcel, durable);
    expect((await readAll("acked")).seen).toEqual([{ from: "0-0", to: offsets[4], reason: "expired", count: 3 }]);
  });

  it("P2 are told from where a socket stands inside them", async () => {
    const offsets = await hub.publish("ann", 3);
    const [parcel] = await hub.hold("ann");
    if (parcel !== undefined) await hub.expire("ann", parcel, offsets);
    expect((await readAll(offsets[1] ?? "")).seen).toMatchObject([
      { from: offsets[1], to: offsets[2], reason: "expired" },
    ]);
  });
});

describe("what is gone", () => {
  it("P2 is told an old device as a gap of reason trimmed, up to where the log begins", async () => {
    await open({ logMaxEvents: 10 });
    const offsets = await hub.publish("ann", 32);
    await hub.store.log.ack(keysOf("ann"), offsets[31] ?? "");
    const late = await hub.publish("ann", 32);
    const { seen: all } = await readAll(offsets[3] ?? "");
    const [gap, ...rest] = all;
    // Trimming comes every 32 events and keeps what is not acknowledged.
    expect(gap).toEqual({ from: offsets[3], to: offsets[31], reason: "trimmed" });
    expect(rest).toEqual(late);
    expect((await readAll("acked")).seen).toEqual(late);
  });

  it("P2 P10 is a gap of reason dropped where the log was deleted under its hash", async () => {
    const offsets = await hub.publish("ann", 3);
    await redisCall(redis.port, "DEL", keysOf("ann").log);
    expect((await readAll("acked")).seen).toEqual([{ from: "0-0", to: offsets[2], reason: "dropped" }]);
    const late = await hub.publish("ann", 1);
    expect((await readAll(offsets[2] ?? "")).seen).toEqual(late);
  });
});

it("throws UNAVAILABLE where Redis does not answer", async () => {
  await hub.store.close();
  await expect(read("acked")).rejects.toMatchObject({ code: "UNAVAILABLE" });
});
