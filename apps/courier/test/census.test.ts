import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { encodeEvent } from "@doorstep/protocol";
import { openCourierMailbox } from "@doorstep/mailbox";
import { createRegistry, defineMetrics } from "@doorstep/runtime";
import { connectStore, type Store, type UserKeys } from "@doorstep/store";
import { createCleanUp, eventually, startRedis } from "@doorstep/testkit";

import { startCensus } from "../src/census.ts";
import { METRICS } from "../src/metric.ts";

const GRACE_MS = 20_000;
const cleanUp = createCleanUp();
let store: Store;

beforeEach(async () => {
  const redis = await startRedis();
  cleanUp.add(() => redis.stop());
  store = await connectStore({ redis: redis.url });
  cleanUp.add(() => store.close());
});
afterEach(() => cleanUp.run());

/** Publishes an event and pretends that it waits for so long already. */
async function publish(userId: string, waitingMs: number): Promise<UserKeys> {
  await store.log.append(userId, [encodeEvent({ type: "note", data: {} }, () => `${userId}-1`, Date.now())]);
  const keys = store.log.keysOf(userId);
  await store.custody.postpone(keys, (await store.nowMs()) - waitingMs);
  return keys;
}

/** Counts once, beside no sweep; returns the gauges without labels. */
async function census(): Promise<(name: string) => number> {
  const registry = createRegistry();
  const metrics = defineMetrics(registry, METRICS);
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const mailbox = await openCourierMailbox({
    store,
    graceMs: GRACE_MS,
    pingIntervalMs: 25_000,
    liveHoldMs: 150_000,
    stalledIntervalMs: 1_000,
    onStored: () => undefined,
    onExpired: () => undefined,
    onError,
  });
  cleanUp.add(() => mailbox.close());
  metrics.dueUsers.set(-1);
  metrics.parcels.set({ queue: "mb0" }, -1);
  const stop = startCensus({ store, mailbox, metrics, graceMs: GRACE_MS, onError });
  cleanUp.add(stop);
  let text = "";
  await eventually(async () => {
    text = await registry.metrics();
    expect(text).not.toMatch(/ -1$/m);
  });
  stop();
  expect(errors).toEqual([]);
  return (name) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

describe("the census", () => {
  it("tells how late the sweep of the user is who is due longest", async () => {
    await publish("ann", 60_000);
    await publish("bob", 30_000);
    await publish("cat", 0);
    const gauge = await census();
    expect(gauge("doorstep_due_users")).toBe(3);
    expect(gauge("doorstep_sweep_lag_seconds")).toBeGreaterThanOrEqual(40);
    expect(gauge("doorstep_sweep_lag_seconds")).toBeLessThan(60);
  });

  it("finds no sweep late while the grace period lasts, nor for a look that was put off", async () => {
    await publish("ann", 1_000);
    await publish("bob", -60_000);
    const gauge = await census();
    expect(gauge("doorstep_due_users")).toBe(2);
    expect(gauge("doorstep_sweep_lag_seconds")).toBe(0);
  });

  it("tells zeros of an empty hub", async () => {
    const gauge = await census();
    const names = ["due_users", "sweep_lag_seconds", "dead_letters", "oldest_dead_letter_age_seconds"];
    expect(names.map((name) => gauge(`doorstep_${name}`))).toEqual([0, 0, 0, 0]);
    expect(gauge('doorstep_oldest_parcel_age_seconds\\{queue="mb0"\\}')).toBe(0);
  });
});
