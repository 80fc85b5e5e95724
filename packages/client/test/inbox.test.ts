import { describe, expect, it } from "@jest/globals";
import { compareOffsets, type Envelope, type Gap } from "@doorstep/protocol";
import * as fc from "fast-check";
import { Inbox } from "../src/inbox.ts";
import { event } from "./support/scene.ts";

function setUp(): { inbox: Inbox; seen: (string | undefined)[]; errors: Error[] } {
  const seen: (string | undefined)[] = [];
  const errors: Error[] = [];
  const inbox = new Inbox(
    ({ offset }) => seen.push(offset),
    (error) => errors.push(error),
  );
  return { inbox, seen, errors };
}

const always = (): boolean => true;

describe("Inbox", () => {
  it("P2 delivers each offset once and in order, whatever is repeated", () => {
    const offsets = fc.array(fc.nat({ max: 30 }).map((n) => `${n}-0`));
    fc.assert(
      fc.property(fc.array(offsets), (batches) => {
        const { inbox, seen } = setUp();
        for (const batch of batches) {
          inbox.receive(
            batch.map((offset) => event(offset)),
            false,
            always,
          );
        }
        const delivered = seen as string[];
        expect(delivered).toEqual([...new Set(delivered)].sort(compareOffsets));
        expect(inbox.offset).toBe(delivered.at(-1));
      }),
    );
  });

  it("leaves malformed events out and delivers the rest of the batch", () => {
    const { inbox, seen, errors } = setUp();
    const batch = [event("1-0"), null, { id: 7 }, { ...event("2-0"), offset: "two" }, event(undefined), event("3-0")];
    inbox.receive(batch, false, always);
    expect(seen).toEqual(["1-0", "3-0"]);
    expect(errors).toHaveLength(4);
    for (const error of errors) expect(error).toMatchObject({ code: "INVALID_EVENT" });
  });

  it.each([undefined, null, "events", { length: 1 }])("reports the batch %j", (batch) => {
    const { inbox, errors } = setUp();
    inbox.receive(batch, false, always);
    inbox.receiveEphemeral(batch, always);
    expect(errors).toHaveLength(2);
  });

  it("stops within a batch when its socket is left, at an offset that brings the rest again", () => {
    const { inbox, seen } = setUp();
    const isCurrent = (): boolean => seen.length < 2;
    const batch = [event("1-0"), event("2-0"), event("3-0")];
    inbox.receive(batch, false, isCurrent);
    expect(seen).toEqual(["1-0", "2-0"]);
    expect(inbox.offset).toBe("2-0");
    inbox.receive(batch, true, always);
    expect(seen).toEqual(["1-0", "2-0", "3-0"]);
    inbox.receiveEphemeral([event(undefined)], () => false);
    expect(seen).toHaveLength(3);
  });

  it("P5 drops by its id what comes again after a failover took it back, and delivers what is new", () => {
    const { inbox, seen } = setUp();
    const sent = (offset: string) => ({ ...event(offset), id: `id-${offset}` });
    inbox.receive([sent("1-0"), sent("2-0"), sent("3-0")], false, always);
    inbox.skip({ from: "3-0", to: "1-0", reason: "failover", possible: true });
    inbox.receive([sent("2-0"), sent("2-5"), { ...sent("3-0"), offset: "4-0" }], true, always);
    expect(seen).toEqual(["1-0", "2-0", "3-0", "2-5"]);
    expect(inbox.offset).toBe("4-0");
  });

  it("drops an ephemeral event that a publisher pushed again because its answer was lost, and forgets old ones", () => {
    const { inbox, seen } = setUp();
    const tick = (n: number): Envelope => ({ ...event(undefined), id: `tick-${n}` });
    inbox.receiveEphemeral([tick(1), tick(2)], always);
    inbox.receiveEphemeral([tick(1), tick(3)], always);
    expect(seen).toHaveLength(3);
    for (let n = 4; n < 400; n++) inbox.receiveEphemeral([tick(n)], always);
    inbox.receiveEphemeral([tick(1)], always);
    expect(seen).toHaveLength(400);
  });

  it.each<[string, Gap, string]>([
    ["forward over what is trimmed", { from: "5-0", to: "9-0", reason: "trimmed" }, "9-0"],
    ["not back over a gap that it has passed", { from: "1-0", to: "3-0", reason: "expired" }, "5-0"],
    ["back after a failover", { from: "3-0", to: "3-0", reason: "failover" }, "3-0"],
    ["back where the gap itself goes back", { from: "5-0", to: "2-0", reason: "dropped" }, "2-0"],
  ])("P2 goes %s", (_, gap, offset) => {
    const { inbox } = setUp();
    inbox.receive([event("5-0")], false, always);
    inbox.skip(gap);
    expect(inbox.offset).toBe(offset);
  });

  it("P5 delivers what a failover's log holds after its gap, though the client has seen later offsets", () => {
    const { inbox, seen } = setUp();
    inbox.receive([event("8-0"), event("9-0")], false, always);
    inbox.skip({ from: "9-0", to: "6-0", reason: "failover" });
    inbox.receive([event("7-0")], false, always);
    expect(seen).toEqual(["8-0", "9-0", "7-0"]);
  });
});
