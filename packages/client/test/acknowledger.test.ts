import { describe, expect, it } from "@jest/globals";
import { ACK_INTERVAL_MS, Acknowledger } from "../src/acknowledger.ts";
import { ManualClock } from "./support/manual-clock.ts";

function setUp(): { clock: ManualClock; sent: string[]; acknowledger: Acknowledger; link: { isUp: boolean } } {
  const clock = new ManualClock();
  const sent: string[] = [];
  const link = { isUp: true };
  const acknowledger = new Acknowledger(clock, (offset) => {
    if (link.isUp) sent.push(offset);
    return link.isUp;
  });
  return { clock, sent, acknowledger, link };
}

describe("Acknowledger", () => {
  it("sends the latest of an interval at its end, one message an interval", () => {
    const { clock, sent, acknowledger } = setUp();
    for (let n = 1; n <= 50; n++) acknowledger.acknowledge(`${n}-0`);
    expect(sent).toEqual([]);
    expect(clock.waits).toEqual([ACK_INTERVAL_MS]);
    clock.advance(ACK_INTERVAL_MS);
    expect(sent).toEqual(["50-0"]);
    acknowledger.acknowledge("51-0");
    clock.advance(ACK_INTERVAL_MS - 1);
    expect(sent).toEqual(["50-0"]);
    clock.advance(1);
    expect(sent).toEqual(["50-0", "51-0"]);
    expect(clock.waits).toEqual([]);
  });

  it("never goes back", () => {
    const { acknowledger } = setUp();
    expect(acknowledger.acknowledge("9-0")).toBe(true);
    expect(acknowledger.acknowledge("10-0")).toBe(true);
    expect(acknowledger.acknowledge("9-0")).toBe(false);
    expect(acknowledger.acknowledge("10-0")).toBe(false);
    expect(acknowledger.acked).toBe("10-0");
  });

  it("keeps what could not be sent for the next flush", () => {
    const { clock, sent, acknowledger, link } = setUp();
    link.isUp = false;
    acknowledger.acknowledge("1-0");
    clock.advance(ACK_INTERVAL_MS);
    expect(sent).toEqual([]);
    link.isUp = true;
    acknowledger.flush();
    acknowledger.flush();
    expect(sent).toEqual(["1-0"]);
  });

  it("starts over from a reset without a message", () => {
    const { clock, sent, acknowledger } = setUp();
    acknowledger.acknowledge("9-0");
    acknowledger.reset("4-0");
    clock.advance(ACK_INTERVAL_MS);
    expect(sent).toEqual([]);
    expect(acknowledger.acknowledge("5-0")).toBe(true);
  });
});
