import { describe, expect, it } from "@jest/globals";

import { wakeOf, wakeUsAt } from "../../src/sizing/wake.ts";

describe("waking", () => {
  const wake = { warmUs: 60, coldUs: 80 };

  it("costs more the longer a process slept, from 1 ms to 10 ms", () => {
    expect([1e6, 1_000, 316.23, 100, 1].map((perS) => Math.round(wakeUsAt(wake, perS)))).toEqual([
      60, 60, 100, 140, 140,
    ]);
  });

  it("is found again from two rates", () => {
    const at = (requestsPerS: number) => ({ requestsPerS, besidesUs: wakeUsAt(wake, requestsPerS) });
    const found = wakeOf(at(700), at(120));
    expect(found.warmUs).toBeCloseTo(60);
    expect(found.coldUs).toBeCloseTo(80);
  });
});
