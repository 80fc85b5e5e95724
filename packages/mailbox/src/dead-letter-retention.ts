/**
 * Retention of dead letters: by age and by number, in one place, so that they never grow without bound (P8, P10).
 *
 *   age      a letter's job is delayed to the end of its time
 *   number   whoever adds one that is too many wakes the oldest before
 *
 * Either way the job goes to one courier, which decides again and lets it go: so each letter that goes is told, about once.
 * The maximal age is written into a letter when it is made, so another setting holds for the letters after it.
 */
import { type Job, type Processor, DelayedError, type Queue } from "bullmq";

import { type DeadLetter, deadLetterId } from "./dead-letter.ts";
import { tryQueue } from "./queue.ts";

/** Letters woken between two looks at their number. */
const TRIM_LETTERS = 100;
/** Clocks of two couriers that differ by less are taken for the same. */
const CLOCK_SLACK_MS = 100;
/** A letter must not end as `failed`, where it would be removed untold. */
const ATTEMPTS = 1_000_000;
const RETRY_BACKOFF_MS = 30_000;

/** Which bound made letters go. */
export const RETENTION_BOUNDS = ["age", "count"] as const;
export type RetentionBound = (typeof RETENTION_BOUNDS)[number];

/** How long and how many dead letters are kept. */
export interface Retention {
  readonly maxAgeMs: number;
  readonly maxCount: number;
  /** Called for each letter that is let go of, with its id. */
  readonly onForgotten: (bound: RetentionBound, letterId: string) => void;
}

/** 30 days. */
export const DEFAULT_DEAD_LETTER_MAX_AGE_MS = 30 * 24 * 3_600_000;
export const DEFAULT_DEAD_LETTER_MAX_COUNT = 100_000;

/** Adds a letter, once however often it is called. Throws STORE_FULL and UNAVAILABLE. */
export async function addLetter(queue: Queue<DeadLetter>, letter: DeadLetter): Promise<void> {
  await tryQueue(() =>
    queue.add(letter.reason, letter, {
      jobId: deadLetterId(letter.parcel.jobId),
      timestamp: letter.deadAtMs,
      delay: letter.keptUntilMs - letter.deadAtMs,
      attempts: ATTEMPTS,
      backoff: { type: "fixed", delay: RETRY_BACKOFF_MS },
      stackTraceLimit: 1,
    }),
  );
}

/** Wakes the oldest letters beyond the number that is kept, so that they are let go of. Throws UNAVAILABLE. */
export async function trimLetters(queue: Queue<DeadLetter>, maxCount: number): Promise<void> {
  for (;;) {
    const tooMany = (await tryQueue(() => queue.getDelayedCount())) - maxCount;
    if (tooMany <= 0) return;
    const last = Math.min(tooMany, TRIM_LETTERS) - 1;
    const oldest = await tryQueue(() => queue.getRanges(["delayed"], 0, last, true));
    for (const id of oldest) await wake(queue, id);
  }
}

async function wake(queue: Queue<DeadLetter>, id: string): Promise<void> {
  try {
    const job = await queue.getJob(id);
    await job?.promote();
  } catch (error) {
    // Purged, replayed, or another courier was first: then it is no longer among those that are too many.
    if (await tryQueue(() => isDelayed(queue, id))) throw error;
  }
}

async function isDelayed(queue: Queue<DeadLetter>, id: string): Promise<boolean> {
  return (await queue.getJobState(id)) === "delayed";
}

/** Creates the processor of the dead-letter queue: it lets go of letters that are too old, or too many. */
export function createForgetting(queue: Queue<DeadLetter>, retention: Retention): Processor<DeadLetter> {
  const { maxCount, onForgotten } = retention;
  return async (job: Job<DeadLetter>, token) => {
    const id = job.id ?? "";
    if (job.data.keptUntilMs - Date.now() <= CLOCK_SLACK_MS) return onForgotten("age", id);
    // All others, and those that wait like this one, which is not counted.
    const others = await queue.getJobCounts("delayed", "waiting");
    if (Number(others["delayed"]) + Number(others["waiting"]) >= maxCount) return onForgotten("count", id);
    // Woken by hand, or by a courier whose clock is ahead.
    await job.moveToDelayed(job.data.keptUntilMs, token);
    throw new DelayedError();
  };
}
