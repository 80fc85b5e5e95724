/** The current run, found by whatever a run calls without passing it on: AsyncLocalStorage, one per process. */
import { AsyncLocalStorage } from "node:async_hooks";
import { DoorstepError } from "@doorstep/protocol";
import type { Run } from "./run.ts";

const storage = new AsyncLocalStorage<Run>();

/** Answers the run this code was called from; throws NO_CONTEXT where there is none. */
export function currentRun(): Run {
  const run = storage.getStore();
  if (run === undefined) {
    throw new DoorstepError("NO_CONTEXT", "call currentRun() from inside the function given to hub.run()");
  }
  return run;
}

/** Calls `fn` so that `currentRun()` answers `run` in everything it calls. */
export function inContext<T>(run: Run, fn: () => T): T {
  return storage.run(run, fn);
}
