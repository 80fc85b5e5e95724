import { describe, it } from "@jest/globals";

import {
  applies,
  asks,
  connects,
  connectsNew,
  disconnects,
  log,
  phoneHasThree,
  publishes,
  receives,
  story,
  three,
} from "./support/story.ts";
import { expectClean, expectOnly } from "./support/verdict.ts";

describe("order", () => {
  it("is broken by an offset that comes after a later one on the same connection", () => {
    const swapped = [connects("phone"), receives("phone", 1), receives("phone", 3), receives("phone", 2)];
    expectOnly("order", story(three, swapped, log([1, 2, 3])));
    expectOnly(
      "order",
      story(
        three,
        phoneHasThree,
        connects("phone", { life: 2, presented: "3-0" }),
        receives("phone", 3, { life: 2 }),
        log([1, 2, 3]),
      ),
    );
  });

  it("is broken by an application that is handed an earlier event on a later connection", () => {
    const four = [...three, asks(4, "invoke"), asks(4, "indeterminate")];
    const laptop = [connects("laptop", { applies: true }), ...[1, 2, 3].map((n) => applies("laptop", n))];
    const back = [disconnects("laptop"), connectsNew("laptop", { applies: true, life: 2 })];
    const behind = applies("laptop", 4, { offset: "1-5", life: 2 });
    expectClean(story(four, laptop, back, log([1, 2, 3])));
    expectOnly("order", story(four, laptop, back, behind, log([1, 2, 3])));
  });

  it("compares offsets as numbers, not as text", () => {
    const ten = [...publishes(9), ...publishes(10)];
    const phone = [connects("phone"), receives("phone", 9), receives("phone", 10)];
    expectClean(story(ten, phone, log([9, 10])));
  });

  it("is broken by a publish that stands before an earlier one of the same publisher", () => {
    const later = publishes(1, { offset: "2-0" });
    const earlier = publishes(2, { offset: "1-0" });
    const phone = [connects("phone"), receives("phone", 2, { offset: "1-0" }), receives("phone", 1, { offset: "2-0" })];
    const entries = [
      { offset: "1-0", id: "e2" },
      { offset: "2-0", id: "e1" },
    ];
    const end = { ...log([1, 2]), entries };
    expectOnly("order", story(later, earlier, phone, end));
    const atOnce = [
      asks(1, "invoke"),
      asks(2, "invoke"),
      asks(1, "ok", { offset: "2-0" }),
      asks(2, "ok", { offset: "1-0" }),
    ];
    expectClean(story(atOnce, phone, end));
  });
});
