/** Contract: what finds nobody waits in BullMQ, and comes when somebody does. */
import { inflateRawSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import type { Offset } from "@doorstep/protocol";
import { eventually } from "@doorstep/testkit";
import { type Job, Queue } from "bullmq";
import type { Deployment, Gateway } from "../support/deployment.ts";
import { connectBare, connectSdk, offsetsOf } from "../support/device.ts";
import { startPublisher } from "../support/publisher.ts";
import type { Stage } from "./stage.ts";

const USERS = 50;
const PER_USER = 20;
/** Far below what is published, so that the log alone cannot answer and parcels have to be read back. */
const KEPT = 5;

interface ParcelData {
  readonly uid: string;
  /** In base64, JSON compressed by raw deflate: offset and body of each. */
  readonly events: string;
}

/** The mailbox queue through BullMQ's own API. */
async function openQueue({ store }: Deployment): Promise<Queue<ParcelData>> {
  return new Queue<ParcelData>("mailbox", { prefix: "{ds:mb0}", connection: await store.openConnection("queue") });
}

function unpack({ events }: ParcelData): [Offset, string][] {
  return JSON.parse(inflateRawSync(Buffer.from(events, "base64")).toString("utf8")) as [Offset, string][];
}

/** Offsets held in parcels that the user's list names, in list order. */
async function heldOffsets(
  deployment: Deployment,
  jobs: readonly Job<ParcelData>[],
  userId: string,
): Promise<Offset[]> {
  const { custody } = await deployment.store.log.read(deployment.store.log.keysOf(userId), "0-0", 1, 1);
  return custody.flatMap((entry) => {
    if (entry.kind !== "parcel") return [];
    const job = jobs.find(({ id }) => id === entry.jobId);
    return job === undefined ? [] : unpack(job.data).map(([offset]) => offset);
  });
}

/** Declares the tests. */
export function describeOffline({ cleanUp, deploy }: Stage): void {
  describe("1,000 events to 50 users with no socket", () => {
    it("P3 P5 P10 waits in BullMQ parcels whatever happens to the courier, and arrives in order, once", async () => {
      const deployment = await deploy({ env: { DOORSTEP_LOG_MAX_EVENTS: String(KEPT) } });
      const [first, second] = deployment.gateways as [Gateway, Gateway];
      const queue = await openQueue(deployment);
      cleanUp.add(() => queue.close());
      const users = Array.from({ length: USERS }, (_, i) => `away-${i}`);
      const publisher = await startPublisher(deployment, cleanUp, { name: "night", users, perUser: PER_USER });
      expect((await publisher.exited).code).toBe(0);

      // Killed as soon as it has begun, and started again.
      const courier = await deployment.startCourier();
      await eventually(async () => (await queue.getDelayedCount()) > 0, { intervalMs: 2 });
      await courier.kill("SIGKILL");
      await deployment.startCourier();

      const held = new Map<string, Offset[]>();
      await eventually(
        async () => {
          const jobs = await queue.getJobs(["delayed"]);
          for (const userId of users) held.set(userId, await heldOffsets(deployment, jobs, userId));
          expect([...held.values()].map((offsets) => offsets.length)).toEqual(users.map(() => PER_USER));
        },
        { timeoutMs: 40_000, intervalMs: 200 },
      );
      for (const offsets of held.values()) expect(new Set(offsets).size).toBe(PER_USER);
      await eventually(async () => (await countDue(deployment, users)) === 0);

      const devices = await Promise.all(
        users.map(async (userId, i) => {
          const gateway = i % 2 === 0 ? first : second;
          const device =
            i < USERS / 2
              ? connectSdk(deployment, cleanUp, userId, gateway)
              : await connectBare(deployment, cleanUp, userId, gateway);
          return { userId, device };
        }),
      );
      await eventually(() => devices.every(({ device }) => device.events.length >= PER_USER), { timeoutMs: 20_000 });
      for (const { userId, device } of devices) {
        expect(offsetsOf(device.events)).toEqual(held.get(userId));
        expect(device.gaps).toEqual([]);
      }

      // Nobody acknowledged by hand; the pongs did, and then nothing is left anywhere.
      await eventually(
        async () => {
          expect(await queue.getJobCounts("delayed", "waiting", "active", "failed", "completed")).toEqual({
            delayed: 0,
            waiting: 0,
            active: 0,
            failed: 0,
            completed: 0,
          });
          expect(await countListed(deployment, users)).toBe(0);
          expect(await countDue(deployment, users)).toBe(0);
        },
        { timeoutMs: 20_000, intervalMs: 100 },
      );
      for (const { device } of devices) expect(device.events).toHaveLength(PER_USER);
    }, 120_000);
  });
}

async function countDue({ store }: Deployment, users: readonly string[]): Promise<number> {
  const partitions = new Set(users.map((userId) => store.log.keysOf(userId).partition));
  return (await store.custody.waiting([...partitions])).users;
}

async function countListed({ store }: Deployment, users: readonly string[]): Promise<number> {
  const pages = await Promise.all(users.map((userId) => store.log.read(store.log.keysOf(userId), "0-0", 1, 1)));
  return pages.reduce((sum, { custody }) => sum + custody.length, 0);
}
