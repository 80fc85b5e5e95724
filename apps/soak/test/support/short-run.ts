/** A short seed of each fault class of a group, as tests: a few users, some seconds of load, and the checker's verdict. */
import { expect, it } from "@jest/globals";
import { findFault } from "../../src/faults.ts";
import { describeResult, runSeed } from "../../src/run.ts";

const TIMEOUT_MS = 90_000;

/** Declares a test per class; each also proves that there was something to judge. */
export function testShortRuns(names: readonly string[]): void {
  for (const name of names) {
    const fault = findFault(name);
    it(
      `P1-P5 hold when a soak ${fault.does}`,
      async () => {
        const result = await runSeed({ fault, seed: 1, seconds: 2, users: 6, away: 3, paceMs: 150 });
        expect(result.isClean ? "" : describeResult(result)).toBe("");
        const { liveDevices, acknowledged, applied } = result.verdict.tally;
        expect(liveDevices).toBeGreaterThanOrEqual(6 * 2 + 3);
        expect(acknowledged).toBeGreaterThan(100);
        expect(applied).toBeGreaterThan(acknowledged / 2);
      },
      TIMEOUT_MS,
    );
  }
}
