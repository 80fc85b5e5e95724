import { describe } from "@jest/globals";
import { testShortRuns } from "./support/short-run.ts";

describe("processes die, stand still and disagree about the time", () => {
  testShortRuns(["gateway-kill", "gateway-pause", "event-loop-stall", "gateway-drain", "publisher-kill", "clock-skew"]);
});
