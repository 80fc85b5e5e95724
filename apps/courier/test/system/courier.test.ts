/** The courier as a real process beside a real Redis: what it promises must hold whatever is done to it. */
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { join } from "node:path";
import { encodeEvent, type Offset } from "@doorstep/protocol";
import { type Mailbox, openMailbox } from "@doorstep/mailbox";
import { connectStore, type ParcelEntry, type Store } from "@doorstep/store";
import { createCleanUp, eventually, freePort, type Program, redisCall, type RedisServer } from "@doorstep/testkit";
import { startProgram, startRedis } from "@doorstep/testkit";

const SCRIPT = join(__dirname, "../../dist/main.js");
const cleanUp = createCleanUp();
let redis: RedisServer;
let store: Store;
let mailbox: Mailbox;
let lastId = 0;
/** What came of a courier without a Redis, which tries for 10 s: meanwhile the other tests go on. */
let homeless: Promise<unknown>;

beforeAll(async () => {
  const [port, adminPort] = await freePort(2);
  const env = { REDIS_URL: `redis://127.0.0.1:${port}`, HOST: "127.0.0.1", DOORSTEP_ADMIN_PORT: String(adminPort) };
  homeless = startProgram({ name: "courier", script: SCRIPT, env, ready: /"courier ready"/ }).catch(
    (error: unknown) => error,
  );
});
beforeEach(async () => {
  redis = await startRedis();
  cleanUp.add(() => redis.stop());
  store = await connectStore({ redis: redis.url });
  cleanUp.add(() => store.close());
  mailbox = await openMailbox({ store, onError: () => undefined });
  cleanUp.add(() => mailbox.close());
});
afterEach(() => cleanUp.run());

interface Courier extends Program {
  readonly adminPort: number;
}

async function startCourier(env: Record<string, string> = {}): Promise<Courier> {
  const adminPort = await freePort();
  const program = await startProgram({
    name: "courier",
    script: SCRIPT,
    env: {
      REDIS_URL: redis.url,
      HOST: "127.0.0.1",
      DOORSTEP_ADMIN_PORT: String(adminPort),
      DOORSTEP_GRACE_MS: "100",
      DOORSTEP_SWEEP_INTERVAL_MS: "50",
      DOORSTEP_STALLED_INTERVAL_MS: "1000",
      ...env,
    },
    ready: /"courier ready"/,
  });
  cleanUp.add(() => program.stop());
  return { ...program, adminPort };
}

async function publish(userId: string, count: number, expiresInMs?: number): Promise<Offset[]> {
  const events = Array.from({ length: count }, (_, index) =>
    encodeEvent({ type: "note", data: { index }, expiresInMs }, () => `e${++lastId}`, Date.now()),
  );
  return (await store.log.append(userId, events)).map(({ offset }) => offset ?? "");
}

async function parcelsOf(userId: string): Promise<ParcelEntry[]> {
  const { custody } = await store.log.read(store.log.keysOf(userId), "0-0", 1, 1);
  return custody.filter((entry) => entry.kind === "parcel");
}

async function heldOffsets(userId: string): Promise<Offset[]> {
  const keys = store.log.keysOf(userId);
  const parcels = await parcelsOf(userId);
  const events = await Promise.all(parcels.map((parcel) => mailbox.readParcel(parcel, keys, "0-0")));
  return events.flatMap((parcel) => parcel ?? []).map(({ offset }) => offset);
}

async function countDue(): Promise<number> {
  return (await store.custody.waiting(Array.from({ length: store.partitions }, (_, p) => p))).users;
}

const countJobs = async (): Promise<number> => Number(await redisCall(redis.port, "ZCARD", "{ds:mb0}:mailbox:delayed"));
const get = (courier: Courier, path: string) => fetch(`http://127.0.0.1:${courier.adminPort}${path}`);

describe("a courier", () => {
  it("P3 P5 holds 1,000 events of 50 users exactly once, killed -9 in the middle again and again", async () => {
    const users = Array.from({ length: 50 }, (_, index) => `user-${index}`);
    const published = new Map<string, Offset[]>(users.map((user) => [user, []]));
    for (let round = 0; round < 4; round++) {
      const before = await countJobs();
      for (const user of users) published.get(user)?.push(...(await publish(user, 5)));
      const courier = await startCourier();
      await eventually(async () => (await countJobs()) > before, { intervalMs: 1 });
      await courier.kill("SIGKILL");
    }
    await startCourier();
    await eventually(async () => (await countDue()) === 0, { timeoutMs: 20_000 });
    for (const user of users) expect(await heldOffsets(user)).toEqual(published.get(user));

    // Everybody comes back and acknowledges: nothing is left, soon not even the jobs of couriers that died too early.
    for (const user of users) {
      const keys = store.log.keysOf(user);
      const { released } = await store.log.ack(keys, published.get(user)?.at(-1) ?? "");
      await mailbox.release(keys, released);
      expect(await parcelsOf(user)).toEqual([]);
    }
    await eventually(async () => (await countJobs()) === 0, { timeoutMs: 20_000 });
  }, 90_000);

  it("shares the work with another one, each event once", async () => {
    await startCourier();
    await startCourier();
    const users = Array.from({ length: 50 }, (_, index) => `user-${index}`);
    const published = new Map<string, Offset[]>();
    for (const user of users) published.set(user, await publish(user, 20));
    await eventually(async () => (await countDue()) === 0, { timeoutMs: 20_000 });
    for (const user of users) expect(await heldOffsets(user)).toEqual(published.get(user));
    expect(await countJobs()).toBe(50);
  }, 60_000);

  it("P3 turns what expires into dead letters, with a reason", async () => {
    const courier = await startCourier();
    const [offset] = await publish("ann", 1, 200);
    await eventually(async () => Number(await redisCall(redis.port, "ZCARD", "{ds:dl}:dead-letter:delayed")) === 1);
    const data = String(await redisCall(redis.port, "HGET", `{ds:dl}:dead-letter:dl.uann.0-0.${offset}`, "data"));
    expect(JSON.parse(data)).toMatchObject({ userId: "ann", reason: "expired", parcel: { to: offset } });
    await eventually(async () => {
      const { custody } = await store.log.read(store.log.keysOf("ann"), "0-0", 1, 1);
      expect(custody).toMatchObject([{ kind: "tombstone", from: "0-0", to: offset, reason: "expired", count: 1 }]);
    });
    const metrics = await (await get(courier, "/metrics")).text();
    expect(metrics).toMatch(/^doorstep_parcels_stored_total 1$/m);
    expect(metrics).toMatch(/^doorstep_dead_lettered_total\{reason="expired"\} 1$/m);
    expect(metrics).toMatch(/^doorstep_swept_users_total\{outcome="held"\} 1$/m);
  });

  it("says that it is ready in one line, and is it once it swept", async () => {
    const courier = await startCourier();
    const lines = courier.lines.filter((line) => line.fields["msg"] === "courier ready");
    expect(lines).toHaveLength(1);
    expect(lines[0]?.fields).toMatchObject({ level: "info", name: "courier", adminPort: courier.adminPort });
    await eventually(async () => (await get(courier, "/readyz")).status === 200);
    expect((await get(courier, "/healthz")).status).toBe(200);
    expect(await (await get(courier, "/metrics")).text()).toContain("doorstep_sweeps_total");
  });

  it("is alive but not ready while Redis is away, and goes on when it is back", async () => {
    const courier = await startCourier();
    await eventually(async () => (await get(courier, "/readyz")).status === 200);
    await redis.kill();
    await eventually(async () => (await get(courier, "/readyz")).status === 503);
    expect((await get(courier, "/healthz")).status).toBe(200);
    await redis.restart();
    await eventually(async () => (await get(courier, "/readyz")).status === 200);
    const offsets = await eventually(() => publish("ann", 3));
    await eventually(async () => expect(await heldOffsets("ann")).toEqual(offsets), { timeoutMs: 20_000 });
  }, 60_000);

  it("ends with 0 on SIGTERM, idle or at work, and leaves the rest to the next one", async () => {
    const courier = await startCourier();
    for (let index = 0; index < 100; index++) await publish(`user-${index}`, 10);
    await eventually(async () => (await countJobs()) > 0, { intervalMs: 1 });
    expect(await courier.stop()).toEqual({ code: 0, signal: null });
    const idle = await startCourier();
    await eventually(async () => (await countDue()) === 0);
    expect(await countJobs()).toBe(100);
    expect(await idle.stop()).toEqual({ code: 0, signal: null });
  }, 60_000);

  it("ends with 1 and a sentence where there is no Redis", async () => {
    const error = await homeless;
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toContain("courier could not start");
    expect(String(error)).toContain("it ended with code 1");
  }, 40_000);
});
