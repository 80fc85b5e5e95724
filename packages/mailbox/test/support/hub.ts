/** A store and mailbox queues on a real Redis, and short ways to publish and to look. */
import { type DeliveryClass, encodeEvent, type Offset } from "@doorstep/protocol";
import { connectStore, type ParcelEntry, type Store, type StoreLimits, type UserKeys } from "@doorstep/store";
import { createCleanUp } from "@doorstep/testkit";
import type { Job, Queue } from "bullmq";

import { type DeadLetter, openDeadLetters } from "../../src/dead-letter.ts";
import type { Retention } from "../../src/dead-letter-retention.ts";
import { type ParcelData, unpackParcel } from "../../src/parcel.ts";
import type { ParcelLine } from "../../src/parcel-events.ts";
import { MailboxQueues } from "../../src/queue.ts";

/** One event to publish; durable and without an expiry unless it says so. */
export interface Draft {
  readonly text?: string;
  readonly delivery?: DeliveryClass;
  readonly expiresInMs?: number;
}

export interface TestHub {
  readonly store: Store;
  readonly queues: MailboxQueues;
  readonly deadLetters: Queue<DeadLetter>;
  /** Bounds that no test reaches by mistake. */
  readonly retention: Retention;
  /** Everything that was told to `onError`. */
  readonly errors: string[];
  readonly onError: (error: unknown, during: string) => void;
  /** Publishes events of one user in one call and returns their offsets. */
  publish(userId: string, drafts: readonly Draft[]): Promise<Offset[]>;
  /** Parcels of a user's list, in order. */
  parcels(keys: UserKeys): Promise<ParcelEntry[]>;
  /** All jobs of the first mailbox queue, as BullMQ itself lists them. */
  jobs(): Promise<Job<ParcelData>[]>;
  /** Puts something else in place of the events of the one parcel there is; the job's data stays JSON. */
  breakPack(events?: unknown): Promise<void>;
  close(): Promise<void>;
}

/** What `breakPack` leaves by default. */
export const BROKEN = "tampered with";

let lastId = 0;

/** Opens a hub on a Redis. */
export async function openHub(url: string, limits: Partial<StoreLimits> = {}, partitions = 16): Promise<TestHub> {
  const cleanUp = createCleanUp();
  const store = await connectStore({ redis: url, limits, partitions });
  cleanUp.add(() => store.close());
  const errors: string[] = [];
  const onError = (error: unknown, during: string): void => {
    errors.push(`${during}: ${error instanceof Error ? error.message : String(error)}`);
  };
  const connection = await store.openConnection("command");
  const queues = new MailboxQueues(connection, 1, onError);
  cleanUp.add(() => queues.close());
  const deadLetters = openDeadLetters(connection, onError);
  cleanUp.add(() => deadLetters.close());
  return {
    store,
    queues,
    deadLetters,
    retention: { maxAgeMs: 3_600_000, maxCount: 1_000, onForgotten: () => undefined },
    errors,
    onError,
    publish: async (userId, drafts) => {
      const events = drafts.map(({ text = "", delivery = "durable", expiresInMs }) =>
        encodeEvent({ type: "note", data: { text }, delivery, expiresInMs }, () => `e${++lastId}`, Date.now()),
      );
      return (await store.log.append(userId, events)).map(({ offset }) => offset ?? "");
    },
    parcels: async (keys) => {
      const { custody } = await store.log.read(keys, "0-0", 1, 1);
      return custody.filter((entry) => entry.kind === "parcel");
    },
    breakPack: async (events = BROKEN) => {
      const [job, ...others] = await queues.of(0).getJobs(["delayed"]);
      if (job === undefined || others.length > 0) throw new Error("there is not one parcel");
      await job.updateData({ ...job.data, events: events as string });
    },
    jobs: () => queues.of(0).getJobs(["delayed", "waiting", "active", "completed", "failed"]),
    close: () => cleanUp.run(),
  };
}

/** As many drafts, told apart by their text. */
export function drafts(count: number, draft: Draft = {}): Draft[] {
  return Array.from({ length: count }, (_, index) => ({ text: `event ${index}`, ...draft }));
}

/** The events in a parcel or a dead letter, in its order. */
export function linesOf(data: ParcelData | DeadLetter): readonly ParcelLine[] {
  return "parcel" in data ? data.events : unpackParcel(data).events;
}

/** The texts of these. */
export function textsOf(data: ParcelData | DeadLetter): string[] {
  return linesOf(data).map(([, body]) => (JSON.parse(body) as { data: { text: string } }).data.text);
}
