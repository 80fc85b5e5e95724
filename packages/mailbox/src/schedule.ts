/**
 * Schedule: lets several couriers share a piece of work that has to be done again and again, such as sweeping.
 *
 * The work is cut into slices. Each slice is a BullMQ job scheduler, which makes one job per interval whoever is there;
 * each job goes to one courier. The next job is made when one is picked up, so a courier that is killed in just that
 * instant breaks the chain until its job counts as stalled; therefore every courier lays the schedulers anew now and then,
 * which mends the chain and also a Redis that lost its data. BullMQ counts by the clock of whoever picks a job up, and
 * laying anew keeps the time of the next job: where that is far ahead, made by a courier whose clock is, it goes first.
 */
import type { Store } from "@doorstep/store";

import { type Consumer, startConsumer } from "./consumer.ts";
import { type OnError, openQueue, type QueueAddress } from "./queue.ts";

/** A range of partitions: `first` and all before `end`. */
export interface Slice {
  readonly first: number;
  readonly end: number;
}

export interface ScheduleOptions {
  readonly store: Store;
  readonly address: QueueAddress;
  /** Number of slices that the partitions are cut into. */
  readonly slices: number;
  readonly everyMs: number;
  readonly stalledIntervalMs: number;
  /** Does one slice; an error is told to `onError`, and the slice comes again after the interval. */
  readonly run: (slice: Slice) => Promise<void>;
  readonly onError: OnError;
}

/** A schedule that runs. */
export interface Schedule {
  /** Waits for slices that are under way, and leaves the schedule to other couriers. Idempotent. */
  close(): Promise<void>;
}

/** Cuts all partitions into slices of about the same size, at least one partition each. */
export function cutSlices(partitions: number, slices: number): Slice[] {
  const count = Math.min(partitions, slices);
  return Array.from({ length: count }, (_, index) => ({
    first: Math.floor((index * partitions) / count),
    end: Math.floor(((index + 1) * partitions) / count),
  }));
}

/** Lays the schedulers and starts to take part; throws UNAVAILABLE where Redis does not answer. */
export async function startSchedule(options: ScheduleOptions): Promise<Schedule> {
  const { store, address, everyMs, stalledIntervalMs, run, onError } = options;
  const queue = openQueue<Slice>(address, await store.openConnection("command"), onError);
  const slices = cutSlices(store.partitions, options.slices);
  const lay = async (): Promise<void> => {
    for (const [index, data] of slices.entries()) {
      const template = { name: address.name, data, opts: { removeOnComplete: true, removeOnFail: true } };
      const id = `slice-${index}`;
      const { next = 0 } = (await queue.getJobScheduler(id)) ?? {};
      if (next > Date.now() + everyMs + stalledIntervalMs) await queue.removeJobScheduler(id);
      // Spread over the interval: all at once, they would keep Redis and the courier busy while events wait.
      const offset = Math.ceil(((index + 0.5) * everyMs) / slices.length);
      await queue.upsertJobScheduler(id, { every: everyMs, offset }, template);
    }
  };
  await lay();
  const timer = setInterval(() => {
    lay().catch((error: unknown) => onError(error, `laying the ${address.name} schedule`));
  }, stalledIntervalMs);
  const consumer: Consumer = await startConsumer<Slice>({
    address,
    connection: await store.openConnection("queue"),
    process: (job) => run(job.data),
    concurrency: slices.length,
    stalledIntervalMs,
    onError,
  });
  return {
    close: async () => {
      clearInterval(timer);
      await consumer.close();
      await queue.close();
    },
  };
}
