import { describe, expect, it } from "@jest/globals";

import type { Operation } from "../../src/checker/history.ts";
import {
  acks,
  connects,
  disconnects,
  isTold,
  log,
  phoneHasThree,
  phoneHasTwo,
  receives,
  story,
  three,
} from "./support/story.ts";
import { brokenRules, expectClean, expectOnly } from "./support/verdict.ts";

describe("ack safety", () => {
  it("is broken by giving up what arrived and nobody acknowledged", () => {
    const gone = { head: "3-0", trimmed: "3-0" };
    expectOnly("ackSafety", story(three, phoneHasThree, log([], { ...gone, acked: "2-0" })));
    expectClean(story(three, phoneHasThree, log([], { ...gone, acked: "3-0" })));
    expectClean(story(three, phoneHasThree, acks("3-0"), log([], { ...gone, acked: "2-0" })));
    const told = isTold("phone", "3-0", "2-0", "failover");
    const rolledBack = story(three, phoneHasThree, told, log([1, 2]));
    expectOnly("ackSafety", rolledBack);
    expectClean(rolledBack, { declaredLosses: ["failover"] });
  });

  it("is broken by an ack beyond what any device got", () => {
    const away = [...phoneHasTwo, disconnects("phone")];
    expectOnly("ackSafety", story(three, away, log([1, 2, 3])));
    expectOnly("ackSafety", story(three, away, acks("3-0"), log([1, 2, 3], { acked: "2-0" })));
    expectClean(story(three, away, acks("2-0"), log([1, 2, 3], { acked: "2-0" })));
  });

  it("is broken by the ack of what no device got, though later events were got", () => {
    const phone = [connects("phone", { presented: "0-0" }), receives("phone", 1), receives("phone", 3)];
    expect(brokenRules(story(three, phone, log([1, 2, 3])))).toEqual(["hole", "ackSafety"]);
    expectOnly("hole", story(three, phone, log([1, 2, 3], { acked: "1-0" })));
  });

  it("is broken by the ack of a device that asked for everything from now on", () => {
    const tablet = (presented: string): Operation[] => [
      connects("tablet", { presented }),
      receives("tablet", 3),
      disconnects("tablet"),
    ];
    const away = [...phoneHasTwo, disconnects("phone")];
    expectOnly("ackSafety", story(three, away, tablet("$"), log([1, 2, 3])));
    expectClean(story(three, away, tablet("2-0"), log([1, 2, 3])));
  });
});
