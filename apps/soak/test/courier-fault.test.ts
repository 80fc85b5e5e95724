import { describe } from "@jest/globals";
import { testShortRuns } from "./support/short-run.ts";

describe("couriers die, and have to do with what expires and what is not ours", () => {
  testShortRuns(["courier-kill", "courier-kill-steps", "drain-kill-steps", "expiry", "poison"]);
});
