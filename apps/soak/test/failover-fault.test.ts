import { describe } from "@jest/globals";
import { testShortRuns } from "./support/short-run.ts";

describe("slots and masters move, and acknowledged writes may be lost", () => {
  testShortRuns(["cluster-reshard", "cluster-failover", "sentinel-failover", "readonly", "aof-tail-cut", "flushall"]);
});
