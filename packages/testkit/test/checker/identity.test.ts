import { describe, expect, it } from "@jest/globals";

import { check } from "../../src/checker/check.ts";
import { asks, connects, log, phoneHasThree, phoneHasTwo, publishes, receives, story, three } from "./support/story.ts";
import { brokenRules, expectClean, expectOnly } from "./support/verdict.ts";

describe("a phantom", () => {
  it("is what arrives and nobody published, or what was refused", () => {
    const ghost = story(publishes(1), publishes(2), phoneHasThree, log([1, 2], { head: "3-0" }));
    expectOnly("phantom", ghost);
    expectOnly("phantom", story(asks(3, "invoke"), asks(3, "fail"), ghost));
    expectClean(story(asks(3, "invoke"), asks(3, "indeterminate"), ghost));
    expectClean(story(asks(3, "invoke"), asks(3, "indeterminate"), asks(3, "invoke"), asks(3, "fail"), ghost));
  });

  it("is no hole where another device did not get it", () => {
    const tablet = [connects("tablet"), ...[1, 2, 3].map((n) => receives("tablet", n))];
    const ghost = receives("phone", 9, { offset: "2-1" });
    expectOnly("phantom", story(three, phoneHasTwo, ghost, receives("phone", 3), tablet, log([1, 2, 3])));
  });

  it("is a payload that is not the one published under its id", () => {
    expectOnly("phantom", story(three, phoneHasTwo, receives("phone", 3, { n: 7 }), log([1, 2, 3])));
  });

  it("is what a log keeps and nobody published", () => {
    expectOnly("phantom", story(publishes(1), publishes(2), log([1, 2, 3], { acked: "0-0" })));
  });
});

describe("an event of another user", () => {
  it("is found by the user in its payload", () => {
    const bobsLog = log([], { userId: "bob" });
    const tablet = connects("tablet", { userId: "bob" });
    const leaked = receives("tablet", 2, { userId: "bob" });
    expectOnly("crossUser", story(three, phoneHasThree, log([1, 2, 3]), tablet, leaked, bobsLog));
    expectClean(story(three, phoneHasThree, log([1, 2, 3]), tablet, bobsLog));
  });
});

describe("an event that is appended twice", () => {
  it("stands at two offsets", () => {
    const twice = log([1, 2, 3], { head: "4-0", acked: "4-0" });
    const entries = [...twice.entries, { offset: "4-0", id: "e2" }];
    const arrival = receives("phone", 2, { offset: "4-0" });
    expectOnly("duplicateLog", story(three, phoneHasThree, arrival, { ...twice, entries }));
    expectOnly("duplicateLog", story(three, asks(2, "ok", { offset: "4-0" }), phoneHasThree, arrival, twice));
    const retried = [asks(2, "invoke"), asks(2, "ok", { duplicate: true })];
    expectClean(story(three, retried, phoneHasThree, log([1, 2, 3])));
  });
});

describe("a fork", () => {
  it("is an offset at which two observers saw two events", () => {
    const open = story(publishes(1), publishes(2), asks(3, "invoke"), phoneHasTwo, log([1, 2]));
    const laptop = [connects("laptop"), receives("laptop", 1)];
    const forked = receives("laptop", 3, { offset: "2-0" });
    const again = [connects("laptop", { life: 2, presented: "1-0" }), { ...forked, life: 2 }];
    expectOnly("fork", story(open, laptop, forked));
    // However often it was seen, it is one.
    expect(check(story(open, laptop, forked, again)).rules.fork.count).toBe(1);
    expectClean(story(open, laptop, receives("laptop", 2)));
  });

  it("is an offset that two publishers were given", () => {
    const answers = [asks(3, "invoke"), asks(3, "ok", { offset: "2-0" })];
    const found = brokenRules(story(publishes(1), publishes(2), answers, phoneHasTwo, log([1, 2])));
    expect(found).toContain("fork");
  });
});
