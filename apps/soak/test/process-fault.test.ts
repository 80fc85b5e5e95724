import { describe } from "@jest/globals";
import { testShortRuns } from "./support/short-run.ts";

describe("processes die and stand still", () => {
  testShortRuns(["gateway-kill", "gateway-pause", "gateway-drain", "courier-kill", "publisher-kill"]);
});
