import { describe, it } from "@jest/globals";

import type { Operation } from "../../src/checker/history.ts";
import {
  connects,
  disconnects,
  fault,
  log,
  phoneHasThree,
  phoneHasTwo,
  receives,
  story,
  three,
} from "./support/story.ts";
import { expectClean, expectOnly } from "./support/verdict.ts";

describe("liveness", () => {
  const faults = [fault("begin", 5), fault("healed", 100)];

  it("is broken by a connected device that does not reach the head", () => {
    expectOnly("liveness", story(faults, three, phoneHasTwo, log([1, 2, 3], { acked: "2-0" })));
    expectClean(story(faults, three, phoneHasTwo, disconnects("phone"), log([1, 2, 3], { acked: "2-0" })));
  });

  it("takes a device for connected whose earlier connection is only now noticed to be gone", () => {
    const two = [...phoneHasTwo, connects("phone", { life: 2, presented: "2-0" }), disconnects("phone", { life: 1 })];
    expectOnly("liveness", story(faults, three, two, log([1, 2, 3], { acked: "2-0" })));
    expectClean(story(faults, three, two, disconnects("phone", { life: 2 }), log([1, 2, 3], { acked: "2-0" })));
  });

  it("is broken by an event that comes too long after the heal", () => {
    const arrives = (atMs: number): Operation[] => [...phoneHasTwo, receives("phone", 3, { atMs })];
    const end = log([1, 2, 3]);
    expectOnly("liveness", story(faults, three, arrives(1_101), end), { catchUpMs: 1_000 });
    expectClean(story(faults, three, arrives(1_100), end), { catchUpMs: 1_000 });
  });

  it("waits for a device that the run itself disconnected, and for no other", () => {
    const later = { life: 2, atMs: 5_000 };
    const back = [connects("phone", { ...later, presented: "2-0" }), receives("phone", 3, later)];
    const history = (wanted: boolean): Operation[] =>
      story(faults, three, phoneHasTwo, disconnects("phone", { wanted }), back, log([1, 2, 3]));
    expectClean(history(true), { catchUpMs: 1_000 });
    expectOnly("liveness", history(false), { catchUpMs: 1_000 });
  });

  it("is not known where a fault never healed", () => {
    expectOnly("liveness", story(fault("begin", 5), three, phoneHasThree, log([1, 2, 3])));
    expectOnly("liveness", story(faults, fault("begin", 200, "redis stopped"), three, phoneHasThree, log([1, 2, 3])));
  });
});
