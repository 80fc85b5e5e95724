/**
 * Waiting to the microsecond. A timer of Node is up to a millisecond late, as long as an event takes altogether. So only
 * the larger part of a wait is a timer; for the rest, below two milliseconds, the thread sleeps.
 */
import { setImmediate as immediate, setTimeout as delay } from "node:timers/promises";

import { nowUs } from "../clock.ts";

const US_PER_MS = 1_000;
/** What is slept, a timer's lateness included. */
const SLEPT_US = 2_000;
const NEVER_CHANGES = new Int32Array(new SharedArrayBuffer(4));

/** Lets answers in and what was published out. */
export async function turn(): Promise<void> {
  await immediate();
  await immediate();
}

/** Resolves at a time of the shared clock, or at once where it has passed; never before what was published is on its way. */
export async function waitUntil(dueUs: number): Promise<void> {
  await turn();
  const waitMs = Math.floor((dueUs - nowUs() - SLEPT_US) / US_PER_MS);
  if (waitMs > 0) await delay(waitMs);
  const leftUs = dueUs - nowUs();
  if (leftUs > 0) Atomics.wait(NEVER_CHANGES, 0, 0, leftUs / US_PER_MS);
}
