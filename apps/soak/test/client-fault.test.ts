import { describe } from "@jest/globals";
import { testShortRuns } from "./support/short-run.ts";

describe("clients and publishers misbehave", () => {
  testShortRuns([
    "malformed",
    "hostile-acks",
    "forged-offset",
    "early-acks",
    "slow-client",
    "half-open",
    "flood",
    "load-10x",
  ]);
});
