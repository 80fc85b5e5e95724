import { describe, expect, it } from "@jest/globals";
import { TimeLeft } from "../src/time-left.ts";

describe("the time left", () => {
  const slow = { workload: { name: "slow", seconds: 100 } };
  const fast = { workload: { name: "fast", seconds: 10 } };

  it("is what workloads say of themselves until one was run, then what it took", () => {
    const left = new TimeLeft([slow, fast, slow], 1);
    expect(left.tell(0)).toBe("4 min");
    left.took(slow, 20);
    expect(left.tell(1)).toBe("30 s");
    left.took(fast, 5);
    expect(left.tell(2)).toBe("20 s");
  });
});
