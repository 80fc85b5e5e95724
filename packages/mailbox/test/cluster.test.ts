/** One whole life of parcels on a Redis Cluster: logs, queues and dead letters lie on different nodes. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createCleanUp, eventually, startCluster } from "@doorstep/testkit";

import { type CourierMailbox, openCourierMailbox } from "../src/courier-mailbox.ts";
import type { DeadLetter } from "../src/dead-letter.ts";
import { openMailbox } from "../src/mailbox.ts";
import { drafts, openHub, type TestHub } from "./support/hub.ts";

const cleanUp = createCleanUp();
let hub: TestHub;

beforeAll(async () => {
  const cluster = await startCluster({ replicas: 0 });
  cleanUp.add(() => cluster.stop());
  hub = await openHub(cluster.url, { logMaxEvents: 5 });
  cleanUp.add(() => hub.close());
}, 60_000);
afterAll(() => cleanUp.run());

describe("parcels on a Redis Cluster", () => {
  it("P3 are stored, read, released and expired by queues on several nodes", async () => {
    const expired: DeadLetter[] = [];
    const courier = await openCourierMailbox({
      store: hub.store,
      queues: 4,
      graceMs: 0,
      pingIntervalMs: 25_000,
      liveHoldMs: 150_000,
      stalledIntervalMs: 1_000,
      onStored: () => undefined,
      onExpired: (letter) => expired.push(letter),
      onError: hub.onError,
    });
    cleanUp.add(() => courier.close());
    const gateway = await openMailbox({ store: hub.store, queues: 4, onError: hub.onError });
    cleanUp.add(() => gateway.close());

    const users = Array.from({ length: 30 }, (_, index) => `user-${index}`);
    const published = new Map<string, string[]>();
    for (const user of users) published.set(user, await hub.publish(user, drafts(20)));
    await hub.publish("gone", drafts(2, { expiresInMs: 1 }));

    const schedule = await courier.scheduleSweeps(100, async ({ first, end }) => {
      const slice = Array.from({ length: end - first }, (_, index) => first + index);
      await courier.sweep(slice, new AbortController().signal);
      return true;
    });
    cleanUp.add(() => schedule.close());
    await eventually(async () => (await countParcels(courier)) === 30 && expired.length === 1);

    for (const user of users) {
      const keys = hub.store.log.keysOf(user);
      const [parcel] = await hub.parcels(keys);
      const events = parcel === undefined ? undefined : await gateway.readParcel(parcel, keys, "0-0");
      expect(events?.map(({ offset }) => offset)).toEqual(published.get(user));
      const { released } = await hub.store.log.ack(keys, parcel?.to ?? "");
      expect(await gateway.release(keys, released)).toBe(1);
    }
    expect(await countParcels(courier)).toBe(0);
    expect(await courier.census()).toMatchObject({ deadLetters: 1 });
    expect(hub.errors).toEqual([]);
  }, 60_000);
});

async function countParcels(courier: CourierMailbox): Promise<number> {
  return (await courier.census()).queues.reduce((sum, { parcels }) => sum + parcels, 0);
}
