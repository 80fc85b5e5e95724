/**
 * The clock that all processes of one machine share: CLOCK_MONOTONIC, in microseconds.
 *
 * It is read itself each time. `performance.now()` is cheaper but counts from the start of its process, and that moment
 * cannot be told exactly from inside: a process that is preempted meanwhile would be milliseconds beside the others for good.
 */

const NS_PER_US = 1_000;

/** Microseconds since the machine started. */
export function nowUs(): number {
  return Number(process.hrtime.bigint()) / NS_PER_US;
}
