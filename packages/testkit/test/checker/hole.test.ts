import { describe, expect, it } from "@jest/globals";

import { check } from "../../src/checker/check.ts";
import type { Operation } from "../../src/checker/history.ts";
import {
  applies,
  asks,
  connects,
  connectsNew,
  disconnects,
  isReady,
  isTold,
  keeps,
  log,
  phoneHasThree,
  publishes,
  receives,
  story,
  three,
} from "./support/story.ts";
import { expectClean, expectOnly } from "./support/verdict.ts";

describe("a hole", () => {
  const phone = [connects("phone"), receives("phone", 1), receives("phone", 3)];

  it("is an event between two arrivals that did not come", () => {
    expectOnly("hole", story(three, phone, log([1, 2, 3], { acked: "1-0" })));
    expectClean(story(three, phoneHasThree, log([1, 2, 3])));
  });

  it("is closed by a gap that covers it, where the hub has the event no more", () => {
    const gap = isTold("phone", "1-0", "2-0", "expired");
    expectClean(story(three, phone, gap, log([1, 3]), keeps("deadLetters", 2)));
    expectOnly("hole", story(three, phone, log([1, 3]), keeps("deadLetters", 2)));
  });

  it("is not closed for a dead letter by a failover, which took nothing of it", () => {
    const history = story(three, phone, isTold("phone", "3-0", "3-0", "failover"), log([1, 3]));
    expectClean(history, { declaredLosses: ["failover"] });
    expectOnly("hole", story(history, keeps("deadLetters", 2)), { declaredLosses: ["failover"] });
  });

  it("is not closed by a later connection that gets what an earlier one missed", () => {
    const later = { life: 2 };
    const again = [connects("phone", { presented: "1-0", ...later }), receives("phone", 2, later)];
    expectOnly("hole", story(three, phone, disconnects("phone"), again, receives("phone", 3, later), log([1, 2, 3])));
  });

  it("is what another device got, unless a declared failover took it back unacknowledged", () => {
    const open = [...publishes(1), asks(2, "invoke"), asks(2, "indeterminate"), ...publishes(3)];
    const laptop = [1, 2, 3].map((n) => receives("laptop", n));
    const history = story(open, phone, connects("laptop"), laptop, log([1, 3]));
    expectOnly("hole", history);
    expectClean(history, { declaredLosses: ["failover"] });
    expectOnly("hole", story(history, log([1, 2, 3])), { declaredLosses: ["failover"] });
  });

  it("is not an acknowledged event that the options call indeterminate and nobody saw", () => {
    const history = story(publishes(1), publishes(2, { replicas: 0 }), publishes(3), phone, log([1, 3]));
    expectClean(history, { isIndeterminate: ({ replicas }) => replicas === 0 });
  });

  it("is not what the application got while the wire was no longer listened to", () => {
    const laptop = [connects("laptop", { applies: true }), receives("laptop", 1), applies("laptop", 1)];
    const last = [receives("laptop", 3, { life: 2 }), applies("laptop", 3, { life: 2 })];
    const back = connects("laptop", { applies: true, life: 2, presented: "2-0" });
    const closing = disconnects("laptop", { wanted: true });
    expectClean(story(three, laptop, closing, applies("laptop", 2), back, last, log([1, 2, 3])));
    expectOnly("hole", story(three, laptop, closing, back, last, log([1, 2, 3], { acked: "1-0" })));
    // The other way round: the wire had it, and the application never got it.
    expectOnly("hole", story(three, laptop, receives("laptop", 2), closing, back, last, log([1, 2, 3])));
  });

  it("is not closed by a gap that is only possible, where the hub still has the event", () => {
    const gap = isTold("phone", "1-0", "3-0", "failover", { possible: true });
    const history = story(three, connects("phone"), receives("phone", 1), gap, disconnects("phone"));
    const options = { declaredLosses: ["failover"] } as const;
    expectOnly("hole", story(history, log([1, 2], { acked: "1-0" })), options);
    expectClean(story(history, log([1])), options);
  });

  it("is also a missing event of the class stream, unless retention removed it", () => {
    const mixed = story(publishes(1), publishes(2, { delivery: "stream" }), publishes(3), phone);
    expectOnly("hole", story(mixed, log([1, 3])));
    expectClean(story(mixed, log([3], { trimmed: "2-0" })));
  });

  it("lies as well between the presented offset and the first arrival, and before ready", () => {
    const resumed = connects("phone", { presented: "1-0" });
    expectOnly("hole", story(three, resumed, receives("phone", 3), log([1, 2, 3], { acked: "1-0" })));
    expectOnly(
      "hole",
      story(three, resumed, receives("phone", 2), isReady("phone", "3-0"), log([1, 2, 3], { acked: "1-0" })),
    );
    expectClean(
      story(three, resumed, receives("phone", 2), receives("phone", 3), isReady("phone", "3-0"), log([1, 2, 3])),
    );
  });

  it("lies between connections when a device presents more than it ever got", () => {
    const one = [connects("phone"), receives("phone", 1), disconnects("phone")];
    const back = (presented: string): Operation => connects("phone", { life: 2, presented });
    const last = receives("phone", 3, { life: 2 });
    expectOnly("hole", story(three, one, back("2-0"), last, log([1, 2, 3], { acked: "1-0" })));
    expectClean(story(three, one, back("1-0"), receives("phone", 2, { life: 2 }), last, log([1, 2, 3])));
  });

  it("is not what another device had acknowledged before a new device came", () => {
    const tablet = (atMs: number): Operation[] => [connectsNew("tablet", { atMs }), receives("tablet", 3, { atMs })];
    expectClean(story(three, phoneHasThree, tablet(40), log([1, 2, 3])));
    // It came before anybody had them, so nothing was acknowledged.
    expectOnly("hole", story(three, phoneHasThree, tablet(5), log([1, 2, 3])));
    expectOnly("hole", story(three, phoneHasThree, tablet(40), log([1, 2, 3], { acked: "1-0" })));
  });

  it("counts the first arrival at another device by its time, in whatever order the devices are logged", () => {
    const late = [connects("laptop"), ...[1, 2, 3].map((n) => receives("laptop", n, { atMs: 50 }))];
    const tablet = [connectsNew("tablet", { atMs: 40 }), receives("tablet", 3, { atMs: 40 })];
    expectClean(story(three, late, phoneHasThree, tablet, log([1, 2, 3])));
    expectOnly("hole", story(three, late, tablet, log([1, 2, 3])));
  });

  it("is not what a device that asked for everything from now on missed before", () => {
    const tablet = [connects("tablet", { presented: "$" }), receives("tablet", 3)];
    expectClean(story(three, phoneHasThree, tablet, log([1, 2, 3])));
    // A failover took back the first event, so that "now" was before it; later the device asks so once more.
    const early = [connects("tablet", { presented: "$", atMs: 15 }), isReady("tablet", "0-0", { atMs: 16 })];
    const got = [receives("tablet", 2), receives("tablet", 3), disconnects("tablet", { wanted: true })];
    const later = connects("tablet", { presented: "$", life: 2, atMs: 600 });
    const holes = (way: readonly Operation[]): number =>
      check(story(three, early, way, later, log([2, 3])), { declaredLosses: ["failover"] }).rules.hole.count;
    expect(holes(got)).toBe(0);
    expect(holes(got.slice(1))).toBe(1);
  });

  it("is found in the application where the wire had everything", () => {
    const wire = [connects("laptop", { applies: true }), ...[1, 2, 3].map((n) => receives("laptop", n))];
    const skipping = [applies("laptop", 1), applies("laptop", 3)];
    expectOnly("hole", story(three, wire, skipping, log([1, 2, 3])));
    expectClean(story(three, wire, applies("laptop", 1), applies("laptop", 2), applies("laptop", 3), log([1, 2, 3])));
  });
});
