import { describe, expect, it } from "@jest/globals";

import {
  applies,
  asks,
  connects,
  disconnects,
  isTold,
  log,
  phoneHasThree,
  publishes,
  receives,
  story,
  three,
} from "./support/story.ts";
import { brokenRules, expectClean, expectOnly } from "./support/verdict.ts";

describe("a duplicate", () => {
  const wire = [connects("laptop", { applies: true }), receives("laptop", 1), applies("laptop", 1)];
  const again = [disconnects("laptop"), connects("laptop", { life: 2 }), receives("laptop", 1, { life: 2 })];

  it("is an event that one application is handed twice, on whatever connection", () => {
    expectClean(story(publishes(1), wire, again, log([1])));
    expectOnly("duplicateApplied", story(publishes(1), wire, again, applies("laptop", 1, { life: 2 }), log([1])));
  });

  it("is an offset that is written twice on one connection", () => {
    expectOnly("duplicateWire", story(three, phoneHasThree, receives("phone", 2), log([1, 2, 3])));
    const later = { life: 2 };
    const repeated = [connects("phone", { presented: "2-0", ...later }), receives("phone", 3, later)];
    expectClean(story(three, phoneHasThree, disconnects("phone"), repeated, log([1, 2, 3])));
  });

  it("is excused after a declared failover took back what the retry appended again", () => {
    const first = [connects("laptop", { applies: true }), applies("laptop", 1)];
    const back = isTold("laptop", "1-0", "0-0", "failover");
    const retry = [asks(1, "invoke"), asks(1, "indeterminate"), asks(1, "invoke"), asks(1, "ok", { offset: "2-0" })];
    const end = { ...log([], { head: "2-0", acked: "2-0" }), entries: [{ offset: "2-0", id: "e1" }] };
    const history = story(retry, first, back, applies("laptop", 1, { offset: "2-0" }), end);
    expectClean(history, { declaredLosses: ["failover"] });
    expect(brokenRules(history)).toEqual(["duplicateApplied", "duplicateLog"]);
    const untold = story(retry, first, applies("laptop", 1, { offset: "2-0" }), end);
    expectOnly("duplicateApplied", untold, { declaredLosses: ["failover"] });
    const same = story(publishes(1), first, back, applies("laptop", 1), log([1]));
    expectOnly("duplicateApplied", same, { declaredLosses: ["failover"] });
  });
});
