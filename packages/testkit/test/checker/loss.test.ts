import { describe, expect, it } from "@jest/globals";

import { check } from "../../src/checker/check.ts";
import {
  applies,
  asks,
  connects,
  disconnects,
  isReady,
  isTold,
  keeps,
  log,
  phoneHasThree,
  phoneHasTwo,
  publishes,
  receives,
  story,
  three,
} from "./support/story.ts";
import { brokenRules, expectClean, expectOnly } from "./support/verdict.ts";

describe("lost", () => {
  const untold = story(three, phoneHasTwo, log([1, 2]));

  it("is an acknowledged event that reached no device, is not kept, and was not told", () => {
    expectOnly("lostSilent", untold);
    const [finding] = check(untold).rules.lostSilent.examples;
    expect(finding?.operations).toEqual([asks(3, "ok")]);
  });

  it("is not an event whose publisher got no answer, or a refusal", () => {
    const two = [...publishes(1), ...publishes(2), asks(3, "invoke")];
    expectClean(story(two, phoneHasTwo, log([1, 2])));
    expectClean(story(two, asks(3, "indeterminate"), phoneHasTwo, log([1, 2])));
    expectClean(story(two, asks(3, "fail"), phoneHasTwo, log([1, 2])));
  });

  it("is not an event that the options call indeterminate", () => {
    const history = story(publishes(1), publishes(2), publishes(3, { replicas: 0 }), phoneHasTwo, log([1, 2]));
    expectClean(history, { isIndeterminate: ({ replicas }) => replicas === 0 });
    expectOnly("lostSilent", history, { isIndeterminate: ({ replicas }) => replicas === undefined });
  });

  it("is an event that one of two connected devices did not get, though the other did and acknowledged it", () => {
    const laptop = [connects("laptop"), receives("laptop", 1), receives("laptop", 2)];
    const trimmed = log([], { head: "3-0", acked: "3-0", trimmed: "3-0" });
    const dropped = story(three, phoneHasThree, laptop, isReady("laptop", "3-0"), trimmed);
    expect(brokenRules(dropped)).toEqual(["lostSilent", "hole"]);
    expectClean(story(three, phoneHasThree, laptop, isTold("laptop", "2-0", "3-0", "trimmed"), trimmed));
  });

  it("is an event that came over the wire and was never handed to the application", () => {
    const laptop = [connects("laptop", { applies: true }), receives("laptop", 1), receives("laptop", 2)];
    const end = log([], { head: "2-0", acked: "2-0", trimmed: "2-0" });
    const two = [...publishes(1), ...publishes(2)];
    const half = brokenRules(story(two, phoneHasTwo, laptop, applies("laptop", 1), end));
    expect(half).toEqual(["lostSilent", "liveness"]);
    expectClean(story(two, phoneHasTwo, laptop, applies("laptop", 1), applies("laptop", 2), end));
  });

  it("is an event in a parcel that no custody line names", () => {
    const away = [...phoneHasTwo, disconnects("phone")];
    const kept = { acked: "2-0", head: "3-0", trimmed: "3-0" };
    const parcel = { kind: "parcel", from: "2-0", to: "3-0" } as const;
    expectOnly("lostSilent", story(three, away, log([], kept), keeps("parcels", 3)));
    expectClean(story(three, away, log([], { ...kept, custody: [parcel] }), keeps("parcels", 3)));
    expectClean(story(three, away, log([], kept), keeps("deadLetters", 3)));
  });

  it("is found where a device is told of less than what is missing", () => {
    const four = [...three, ...publishes(4)];
    const gap = isTold("phone", "3-0", "4-0", "dropped");
    const found = brokenRules(story(four, phoneHasTwo, gap, log([1, 2], { head: "4-0", acked: "2-0" })));
    expect(found).toEqual(["lostSilent", "lostTold", "hole"]);
  });

  it("is a finding even when told, but for a declared loss", () => {
    const told = story(three, phoneHasTwo, isTold("phone", "2-0", "2-0", "failover"), log([1, 2]));
    expectOnly("lostTold", told);
    expectClean(told, { declaredLosses: ["failover"] });
    expect(check(told, { declaredLosses: ["failover"] }).tally.declaredLosses).toBe(1);
    expectOnly("lostSilent", untold, { declaredLosses: ["failover"] });
  });

  it("is a finding where another device got it and nobody acknowledged it", () => {
    const laptop = [connects("laptop"), receives("laptop", 1), receives("laptop", 2)];
    const told = story(three, phoneHasThree, laptop, isTold("laptop", "2-0", "3-0", "dropped"));
    expect(brokenRules(story(told, log([1, 2], { head: "3-0" })))).toEqual(["lostTold", "ackSafety"]);
    expectClean(story(told, log([1, 2], { head: "3-0", acked: "3-0" })));
  });

  it("is a finding where one device was told of a declared loss, and another of one that is not", () => {
    const laptop = [connects("laptop"), receives("laptop", 1), receives("laptop", 2)];
    const told = [isTold("phone", "2-0", "2-0", "failover"), isTold("laptop", "2-0", "3-0", "dropped")];
    const history = story(three, phoneHasTwo, laptop, told, log([1, 2]));
    expectOnly("lostTold", history, { declaredLosses: ["failover"] });
    expectClean(history, { declaredLosses: ["failover", "dropped"] });
  });

  it("is not what lies before the offset that a device first came with", () => {
    const laptop = [connects("laptop", { presented: "2-0" }), receives("laptop", 3)];
    expectClean(story(three, phoneHasThree, laptop, log([3], { trimmed: "2-0" })));
    const early = connects("laptop", { presented: "1-0" });
    const found = brokenRules(story(three, phoneHasThree, early, receives("laptop", 3), log([3], { trimmed: "2-0" })));
    expect(found).toEqual(["lostSilent", "hole"]);
  });

  it("is not covered by a failover that was told before the event was acknowledged", () => {
    const gap = isTold("phone", "2-0", "2-0", "failover", { atMs: 30 });
    expectOnly("lostSilent", story(three, phoneHasTwo, gap, log([1, 2])), { declaredLosses: ["failover"] });
  });

  it("is not what waits as a tombstone for a device to come back", () => {
    const custody = [{ kind: "tombstone", from: "2-0", to: "3-0", reason: "dropped" } as const];
    const end = log([1, 2], { acked: "2-0", head: "3-0", custody });
    const history = story(three, phoneHasTwo, disconnects("phone"), end);
    expectOnly("lostTold", history);
    expectClean(history, { declaredLosses: ["dropped"] });
  });
});

describe("a needless gap", () => {
  it("says that an event will not come which the log still has", () => {
    const skipped = [connects("phone"), receives("phone", 1), isTold("phone", "1-0", "2-0", "dropped")];
    const history = story(three, skipped, receives("phone", 3), log([1, 2, 3]));
    expectOnly("needlessGap", history);
    expectClean(story(history, keeps("deadLetters", 2)));
  });
});
