/**
 * Neighbours: another hub at work on the same machine while something is measured.
 *
 * What waking costs depends on how much of what a process needs is still in the processor's caches, and on how long the
 * processor itself slept. Where nobody else runs it is a third less for a process that wakes a hundred times a second, and
 * several times as much for one that wakes ten times. So what wakes is measured on a machine that is at work, as a hub's are.
 */
import { setTimeout as delay } from "node:timers/promises";
import { createCleanUp } from "@doorstep/testkit";

import { startMaster } from "../masters.ts";
import { Audience } from "./audience.ts";
import { DEFAULTS } from "./settings.ts";

const USERS = 500;
/** About what two gateways share in the runs that the model is compared with. */
const EVENTS_PER_S = 500;
const SETTLE_MS = 3_000;
const LONGEST_S = 300;

/** Runs something beside another hub that delivers events all the time, and ends that hub. */
export async function besideNeighbours<T>(body: () => Promise<T>): Promise<T> {
  const cleanUp = createCleanUp();
  try {
    const audience = await Audience.start(await startMaster(cleanUp), DEFAULTS, cleanUp);
    await audience.crowd.call("connect", { from: 0, users: USERS });
    // Nobody waits for its end, since it is ended.
    audience.publish(USERS, EVENTS_PER_S * LONGEST_S, EVENTS_PER_S).catch(() => undefined);
    await delay(SETTLE_MS);
    return await body();
  } finally {
    await cleanUp.run();
  }
}
