/**
 * Schedule: lets several couriers share a piece of work that has to be done again and again, such as sweeping.
 *
 *   round   one job an interval, about all partitions, which goes to one courier. Most rounds find little and end there.
 *   slice   a round that finds too much for one courier makes a job for each slice of the partitions, spread over the
 *           interval, which go to whoever is free.
 *
 * A job costs Redis and couriers more than a round that finds nothing, so there is one of them as long as one will do.
 *
 * The next round is made when one is picked up, so a courier that is killed in just that instant breaks the chain until its
 * job counts as stalled; therefore every courier lays the scheduler anew now and then, which mends the chain and also a Redis
 * that lost its data. BullMQ counts by the clock of whoever picks a job up, and laying anew keeps the time of the next job:
 * where that is far ahead, made by a courier whose clock is, it goes first.
 */
import type { Store } from "@doorstep/store";
import type { Job } from "bullmq";

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
  /** Number of slices that the partitions are cut into where a round is too much for one courier. */
  readonly slices: number;
  readonly everyMs: number;
  readonly stalledIntervalMs: number;
  /**
   * Does a round or a slice; false where a round is too much for one. An error is told to `onError`, and the work comes again
   * with the next round.
   */
  readonly run: (slice: Slice, isRound: boolean) => Promise<boolean>;
  readonly onError: OnError;
}

/** A schedule that runs. */
export interface Schedule {
  /** Waits for what is under way, and leaves the schedule to other couriers. Idempotent. */
  close(): Promise<void>;
}

const ROUND = "round";
const SLICE = "slice";
const LEAVE = { removeOnComplete: true, removeOnFail: true } as const;

/** Cuts all partitions into slices of about the same size, at least one partition each. */
export function cutSlices(partitions: number, slices: number): Slice[] {
  const count = Math.min(partitions, slices);
  return Array.from({ length: count }, (_, index) => ({
    first: Math.floor((index * partitions) / count),
    end: Math.floor(((index + 1) * partitions) / count),
  }));
}

/** Lays the scheduler and starts to take part; throws UNAVAILABLE where Redis does not answer. */
export async function startSchedule(options: ScheduleOptions): Promise<Schedule> {
  const { store, address, everyMs, stalledIntervalMs, run, onError } = options;
  const queue = openQueue<Slice>(address, await store.openConnection("command"), onError);
  const slices = cutSlices(store.partitions, options.slices);
  const lay = async (): Promise<void> => {
    const { next = 0 } = (await queue.getJobScheduler(ROUND)) ?? {};
    if (next > Date.now() + everyMs + stalledIntervalMs) await queue.removeJobScheduler(ROUND);
    const data: Slice = { first: 0, end: store.partitions };
    await queue.upsertJobScheduler(ROUND, { every: everyMs }, { name: ROUND, data, opts: LEAVE });
  };
  const share = async (): Promise<void> => {
    // Spread over the interval: all at once, they would keep Redis and couriers busy while events wait.
    const delayOf = (index: number): number => Math.floor((index * everyMs) / slices.length);
    await queue.addBulk(
      slices.map((data, index) => ({ name: SLICE, data, opts: { ...LEAVE, delay: delayOf(index) } })),
    );
  };
  await lay();
  const timer = setInterval(() => {
    lay().catch((error: unknown) => onError(error, `laying the ${address.name} schedule`));
  }, stalledIntervalMs);
  const consumer: Consumer = await startConsumer<Slice>({
    address,
    connection: await store.openConnection("queue"),
    process: async ({ name, data }: Job<Slice>) => {
      if (!(await run(data, name === ROUND))) await share();
    },
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
