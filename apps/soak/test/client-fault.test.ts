import { describe } from "@jest/globals";
import { testShortRuns } from "./support/short-run.ts";

describe("clients and publishers misbehave", () => {
  // Slow clients have a test of their own beside the gateway, and the tenfold load is for `npm run soak`.
  testShortRuns(["malformed", "hostile-acks", "forged-offset", "early-acks", "half-open", "flood"]);
});
