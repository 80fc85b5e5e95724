import { describe, expect, it } from "@jest/globals";
import { DoorstepWire } from "../../src/client/doorstep-wire.ts";
import type { WireMemory } from "../../src/client/wire.ts";

/** A wire and what it made of the messages. */
function listen() {
  const memory: WireMemory = {};
  const seen: string[] = [];
  let repeats = 0;
  let gaps = 0;
  const wire = new DoorstepWire({
    userId: "ada",
    memory,
    send: () => undefined,
    ready: () => undefined,
    events: (text) => {
      const [, events] = JSON.parse(text.slice(2)) as [string, readonly { readonly offset: string }[]];
      seen.push(...events.map(({ offset }) => offset));
      return events.length;
    },
    repeated: (count) => void (repeats += count),
    gap: () => void (gaps += 1),
    refused: () => undefined,
  });
  const tell = (name: string, argument: unknown): void =>
    wire.message(Buffer.from(`42${JSON.stringify([name, argument])}`));
  const events = (...offsets: string[]): void =>
    tell(
      "events",
      offsets.map((offset) => ({ offset, id: `id-${offset}`, data: { mark: "#0.0#" } })),
    );
  return { memory, seen, tell, events, counts: () => ({ repeats, gaps }) };
}

describe("the wire of Doorstep", () => {
  it("drops what is not newer than where it stands, as the SDK does, and counts it", () => {
    const { memory, seen, events, counts } = listen();
    events("9-0", "10-0");
    events("10-1");
    events("10-0", "10-1");
    events("10-1", "11-0");
    expect(seen).toEqual(["9-0", "10-0", "10-1", "11-0"]);
    expect(counts()).toEqual({ repeats: 3, gaps: 0 });
    expect(memory.offset).toBe("11-0");
  });

  it("goes on from the end of a gap, also back where the log lost something", () => {
    const { memory, seen, tell, events, counts } = listen();
    events("5-0");
    tell("gap", { from: "5-0", to: "7-0", reason: "expired", count: 1 });
    expect(memory.offset).toBe("7-0");
    tell("gap", { from: "7-0", to: "3-0", reason: "failover", possible: true });
    events("4-0");
    tell("ready", { offset: "4-0" });
    expect(seen).toEqual(["5-0", "4-0"]);
    expect(memory.offset).toBe("4-0");
    expect(counts()).toEqual({ repeats: 0, gaps: 2 });
  });
});
