import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { createCleanUp, eventually, type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import { HeadCheck } from "../../src/delivery/head-check.ts";
import type { LocalUser } from "../../src/delivery/local-user.ts";
import type { UserSocket } from "../../src/delivery/user-socket.ts";
import type { TestClient } from "../support/client.ts";
import { startTestHub, type TestHub } from "../support/hub.ts";

/** Checks that come by their clock come never, unless a test says otherwise. */
const NEVER_MS = 2 ** 31 - 1;
/** Of so many checks one looks at everybody's partition in turn. */
const TURNS = 6;
/** Users whose turns are at the first check, at a later one, and at the last of so many. */
const FIRST = "u3";
const LATER = "u1";
const LAST = "u2";

const cleanUp = createCleanUp();
let redis: RedisServer;
let test: TestHub;
/** The uids that each check so far asked Redis about. */
let looks: string[][];

beforeAll(async () => {
  redis = await startRedis({ aof: false });
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redisCall(redis.port, "FLUSHALL");
  test = await startTestHub(cleanUp, redis.url);
  looks = watchLooks(test);
});
afterEach(() => cleanUp.run());

/** Every check asks for heads and then, once, for the history of writes. */
function watchLooks({ store: { log, history } }: TestHub): string[][] {
  const done: string[][] = [];
  let uids: string[] = [];
  const heads = log.heads.bind(log);
  log.heads = (users) => {
    uids.push(...users.map(({ uid }) => uid));
    return heads(users);
  };
  const lose = history.lose.bind(history);
  history.lose = (partitions) => {
    done.push(uids);
    uids = [];
    return lose(partitions);
  };
  return done;
}

function createCheck(intervalMs = NEVER_MS): HeadCheck {
  const check = new HeadCheck(test.store, test.hub, test.metrics, intervalMs);
  cleanUp.add(() => check.close());
  return check;
}

interface Device {
  readonly client: TestClient;
  readonly user: LocalUser<UserSocket>;
}

async function connectLive(userId: string): Promise<Device> {
  const { client, delivery } = await test.connect(userId);
  await eventually(() => delivery.phase === "live", { intervalMs: 5 });
  return { client, user: delivery.user };
}

/** Pretends that a push has just reached a user, so that a busy machine does not make it an old one. */
const pushNow = ({ user }: Device): void => void (user.pushedAtMs = Date.now());

const undelivered = async (): Promise<number> => (await test.metrics.undelivered.get()).values[0]?.value ?? 0;

describe("a head check by its clock", () => {
  const lookAround = async (check: HeadCheck, busy: readonly Device[]): Promise<string[]> => {
    const before = looks.length;
    for (const device of busy) pushNow(device);
    check.check("quiet");
    await eventually(() => looks.length > before, { intervalMs: 1 });
    return looks[before] ?? [];
  };

  it("looks each time at whom no push has just reached", async () => {
    const { client, user } = await connectLive("ann");
    const check = createCheck();
    expect(user.pushedAtMs).toBe(0);
    for (let n = 0; n < 3; n++) expect(await lookAround(check, [])).toEqual(["uann"]);
    const startMs = Date.now();
    const offsets = await test.publish("ann", 1);
    await eventually(() => expect(client.offsets()).toEqual(offsets));
    expect(user.pushedAtMs).toBeGreaterThanOrEqual(startMs);
    // Such a push is no longer fresh.
    user.pushedAtMs -= 1_000;
    for (let n = 0; n < TURNS; n++) expect(await lookAround(check, [])).toEqual(["uann"]);
  });

  it("takes no push for fresh that none of the user's sockets was written", async () => {
    const { user } = await connectLive("ann");
    const kept: (() => void)[] = [];
    test.gate = (deliver) => kept.push(deliver);
    await test.publish("ann", 1);
    await test.publish("ann", 1);
    await eventually(() => kept.length === 2);
    // The second, behind a hole.
    kept[1]?.();
    expect([...user.sockets].map(({ phase }) => phase)).toEqual(["reading"]);
    expect(user.pushedAtMs).toBe(0);
  });

  it("passes a busy user over five times and then looks, and others in other turns", async () => {
    const names = Array.from({ length: 60 }, (_, n) => `busy-${n}`);
    const devices = await Promise.all(names.map(connectLive));
    const check = createCheck();
    const rounds: string[][] = [];
    for (let n = 0; n < 3 * TURNS; n++) rounds.push(await lookAround(check, devices));
    for (const name of names) {
      const at = rounds.flatMap((uids, n) => (uids.includes(`u${name}`) ? [n] : []));
      expect(at).toEqual([at[0], (at[0] ?? 0) + TURNS, (at[0] ?? 0) + 2 * TURNS]);
    }
    expect(rounds.every((uids) => uids.length > 0 && uids.length < names.length)).toBe(true);
  });

  it("tells the undelivered events of those it passes over as it last saw them", async () => {
    const first = await connectLive(FIRST);
    const later = await connectLive(LATER);
    await test.publish(FIRST, 3);
    await test.publish(LATER, 2);
    const check = createCheck();
    check.check();
    await eventually(async () => expect(await undelivered()).toBe(5));
    await test.publish(FIRST, 1);
    await test.publish(LATER, 1);
    expect(await lookAround(check, [first, later])).toEqual([`u${FIRST}`]);
    expect(await undelivered()).toBe(6);
  });
});

describe("a head check of everybody", () => {
  it("passes nobody over, also where a check by the clock is under way", async () => {
    const device = await connectLive(LATER);
    const check = createCheck();
    pushNow(device);
    check.check("quiet");
    check.check();
    check.check("quiet");
    await eventually(() => expect(looks).toEqual([[], [`u${LATER}`]]), { intervalMs: 1 });
  });

  it("P5 follows where the log of one user ends before what was sent", async () => {
    await test.store.history.check();
    const busy = await connectLive(LATER);
    const cut = await connectLive(FIRST);
    const [sent = ""] = await test.publish(FIRST, 1);
    await eventually(() => expect(cut.client.offsets()).toEqual([sent]));
    const keys = test.store.log.keysOf(FIRST);
    await redisCall(redis.port, "DEL", keys.log, keys.user);
    pushNow(busy);
    createCheck().check("quiet");
    await eventually(() => expect(looks.slice(0, 2)).toEqual([[`u${FIRST}`], expect.arrayContaining([`u${LATER}`])]));
    for (const { client } of [cut, busy]) {
      await eventually(() => expect(client.gaps()).toMatchObject([{ reason: "failover", possible: true }]));
    }
  });
});

it("P2 finds a push that was lost right behind another once that one is not fresh, before the user's turn", async () => {
  const { client, user } = await connectLive(LAST);
  const [first = ""] = await test.publish(LAST, 1);
  await eventually(() => expect(client.offsets()).toEqual([first]));
  test.gate = () => undefined;
  const [lost = ""] = await test.publish(LAST, 1);
  createCheck(300);
  await eventually(() => expect(client.offsets()).toEqual([first, lost]));
  expect(looks.findIndex((uids) => uids.includes(user.keys.uid))).toBeLessThan(TURNS - 1);
  const { values } = await test.metrics.catchUps.get();
  expect(values).toContainEqual(expect.objectContaining({ labels: { cause: "head_check" }, value: 1 }));
});
