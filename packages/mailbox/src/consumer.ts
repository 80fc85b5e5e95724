/**
 * Consumers of queues: BullMQ workers with the settings that custody needs.
 *
 *   lockDuration     how long a courier that went silent keeps a job. A job of ours takes milliseconds, so the lock is as
 *                    long as the pause between two searches for stalled jobs, and is renewed at half its time.
 *   stalledInterval  how often stalled jobs are searched. A killed courier's job runs again after one to two of these.
 *   maxStalledCount  practically endless: by default a job that stalls twice fails, and a failed parcel would lie where
 *                    nobody looks for it.
 *   removeOn...      a finished job leaves; what has to stay is a dead letter.
 *
 * Every job may therefore run twice, or twice at once: processors have to bear it.
 */
import type { RedisConnection } from "@doorstep/store";
import { type Processor, Worker } from "bullmq";

import type { OnError, QueueAddress } from "./queue.ts";

const MAX_STALLED_COUNT = 1_000_000;

export interface ConsumerOptions<T> {
  readonly address: QueueAddress;
  /** Of the role `queue`; stays the caller's. The consumer opens a second one to wait on, and closes that itself. */
  readonly connection: RedisConnection;
  readonly process: Processor<T>;
  /** Jobs that run at once. */
  readonly concurrency: number;
  readonly stalledIntervalMs: number;
  readonly onError: OnError;
}

/** What processes jobs; `close` waits for those that run. */
export type Consumer = Pick<Worker, "close">;

/** Starts processing the jobs of a queue; resolves when it waits for jobs. */
export async function startConsumer<T>(options: ConsumerOptions<T>): Promise<Consumer> {
  const { address, connection, process, concurrency, stalledIntervalMs, onError } = options;
  const consumer = new Worker<T>(address.name, process, {
    connection,
    prefix: address.prefix,
    concurrency,
    lockDuration: stalledIntervalMs,
    stalledInterval: stalledIntervalMs,
    maxStalledCount: MAX_STALLED_COUNT,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  consumer.on("error", (error) => onError(error, `${address.name} jobs`));
  consumer.on("failed", (_, error) => onError(error, `a ${address.name} job`));
  await consumer.waitUntilReady();
  return consumer;
}
