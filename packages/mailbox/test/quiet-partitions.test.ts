import { describe, expect, it } from "@jest/globals";
import { eventually } from "@doorstep/testkit";

import { QuietPartitions } from "../src/quiet-partitions.ts";

/** Of Redis; anything will do. */
const NOW_MS = 1_764_000_000_000;

describe("QuietPartitions", () => {
  it("asks what it knows nothing about", () => {
    expect(new QuietPartitions(10_000).awake([3, 1, 2])).toEqual([3, 1, 2]);
  });

  it("leaves an empty partition alone for the grace period and no longer", async () => {
    const graceMs = 40;
    const quiet = new QuietPartitions(graceMs);
    const askedAtMs = performance.now();
    quiet.note(1, Infinity, NOW_MS, askedAtMs);
    expect(quiet.awake([1, 2])).toEqual([2]);
    await eventually(() => quiet.awake([1]).length === 1);
    expect(performance.now() - askedAtMs).toBeGreaterThanOrEqual(graceMs);
  });

  it("asks again when the first who waits there is due", () => {
    const quiet = new QuietPartitions(10_000);
    const atMs = performance.now();
    // Waits for nine of ten seconds, asked two seconds ago; another for five.
    quiet.note(1, NOW_MS - 9_000, NOW_MS, atMs - 2_000);
    quiet.note(2, NOW_MS - 5_000, NOW_MS, atMs - 2_000);
    expect(quiet.awake([1, 2])).toEqual([1]);
  });

  it("does not believe a score that lies ahead: whoever is added now has waited before it comes", () => {
    const quiet = new QuietPartitions(10_000);
    const atMs = performance.now();
    quiet.note(1, NOW_MS + 60_000, NOW_MS, atMs - 10_001);
    expect(quiet.awake([1])).toEqual([1]);
  });

  it("leaves none alone where there is no grace period", () => {
    const quiet = new QuietPartitions(0);
    quiet.note(1, Infinity, NOW_MS, performance.now());
    expect(quiet.awake([1])).toEqual([1]);
  });
});
