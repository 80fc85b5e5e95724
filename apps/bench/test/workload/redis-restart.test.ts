import { describe, expect, it } from "@jest/globals";
import { slowestAfterMs } from "../../src/workload/redis-restart.ts";

describe("the slowest event after Redis is back", () => {
  it("counts from then for what was due before, and from when it was due for what came later", () => {
    const backUs = 10_000;
    expect(slowestAfterMs([], backUs)).toBe(0);
    expect(slowestAfterMs([[1_000, 9_000]], backUs)).toBe(0);
    expect(
      slowestAfterMs(
        [
          [1_000, 13_000],
          [11_000, 15_500],
        ],
        backUs,
      ),
    ).toBe(4.5);
  });
});
