import { describe } from "@jest/globals";
import { testShortRuns } from "./support/short-run.ts";

describe("Redis and the links to it break", () => {
  testShortRuns(["lost-reply", "redis-kill", "redis-pause", "pubsub-cut", "blackhole", "oom"]);
});
