import { describe, it } from "@jest/globals";

import type { Operation } from "../../src/checker/history.ts";
import { fault, sample, story } from "./support/story.ts";
import { expectClean, expectOnly } from "./support/verdict.ts";

describe("bounds", () => {
  const faults = [fault("begin", 100), fault("healed", 200)];
  const rss = (...values: number[]): Operation[] => values.map((rssBytes, n) => sample(n * 90, { rssBytes }));

  it("are broken by memory that does not come back", () => {
    expectOnly("bounded", story(faults, rss(100, 110, 500, 221)));
    expectClean(story(faults, rss(100, 110, 500, 220)));
  });

  it("are broken by memory above the cap, at any time", () => {
    expectOnly("bounded", story(faults, rss(100, 110, 501, 100)), { bounds: { rssCapBytes: 500 } });
    expectClean(story(faults, rss(100, 110, 500, 100)), { bounds: { rssCapBytes: 500 } });
  });

  it("are broken by keys that stay, and are judged process by process", () => {
    const keys = (redisKeys: number): Operation[] => [
      sample(0, { process: "redis", redisKeys: 40 }),
      sample(300, { process: "redis", redisKeys }),
    ];
    const bounds = { redisKeysFactor: 1.5 };
    expectOnly("bounded", story(faults, rss(100), keys(61)), { bounds });
    expectClean(story(faults, rss(100), keys(60)), { bounds });
  });
});
