/** When a fault strikes within a run: after a warm-up, then again and again with random rests until the time is up. */
import { setTimeout as delay } from "node:timers/promises";

import type { Fault, FaultContext } from "./fault.ts";
import type { Random } from "./random.ts";

const WARM_UP_MS = 1_500;
const REST_MS = { min: 500, max: 2_500 };

/** Runs a fault at least once, and as often as fits into `loadMs`; logs each begin and heal. Resolves with the times. */
export async function runSchedule(
  fault: Fault,
  context: FaultContext,
  random: Random,
  loadMs: number,
): Promise<number> {
  const { history } = context;
  const endAtMs = performance.now() + loadMs;
  await delay(WARM_UP_MS);
  for (let times = 1; ; times++) {
    history.log({ op: "fault", name: fault.name, phase: "begin", atMs: Date.now() });
    await fault.run(context, random);
    history.log({ op: "fault", name: fault.name, phase: "healed", atMs: Date.now() });
    await delay(random.integer(REST_MS.min, REST_MS.max));
    if (performance.now() >= endAtMs) return times;
  }
}
