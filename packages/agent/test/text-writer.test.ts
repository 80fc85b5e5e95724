import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Envelope } from "@doorstep/protocol";
import { createCleanUp, eventually } from "@doorstep/testkit";
import type { HubOptions, Run } from "../src/index.ts";
import { assertWellFormed, dataOf, type Fixture, startFixture, typesOf } from "./support/fixture.ts";

const cleanUp = createCleanUp();
let fixture: Fixture;
let users = 0;

beforeAll(async () => {
  fixture = await startFixture(cleanUp);
});
afterAll(() => cleanUp.run());

async function eventsOfRun(
  fn: (run: Run, peek: () => Promise<Envelope[]>) => Promise<unknown>,
  options: Partial<HubOptions> = {},
): Promise<Envelope[]> {
  const userId = `user${++users}`;
  const hub = fixture.openHub(options);
  await hub.run({ userId, threadId: "t", agentName: "tester" }, (run) => fn(run, () => fixture.eventsOf(userId)));
  const events = await fixture.eventsOf(userId);
  assertWellFormed(events);
  return events;
}

function deltasOf(events: readonly Envelope[]): string[] {
  return events.filter(({ type }) => type === "message_delta").map(({ data }) => (data as { delta: string }).delta);
}

describe("run.message", () => {
  it("sends the first delta at once and the others when the window ends", async () => {
    const events = await eventsOfRun(
      async (run, peek) => {
        const message = run.message();
        // In one go: later, the window would be over already.
        for (const text of "abc") message.write(text);
        await eventually(async () => deltasOf(await peek()).length === 2);
        await message.end();
      },
      { coalesce: { windowMs: 30 } },
    );
    expect(deltasOf(events)).toEqual(["a", "bc"]);
    expect(typesOf(events)).toEqual([
      "agent_started",
      "message_started",
      "message_delta",
      "message_completed",
      "agent_completed",
    ]);
  });

  it("does not wait for the window where enough text is there", async () => {
    const events = await eventsOfRun(
      async (run, peek) => {
        const message = run.message();
        message.write("a");
        await run.flush();
        message.write("12345678");
        await eventually(async () => deltasOf(await peek()).length === 2);
        await message.end();
      },
      { coalesce: { windowMs: 60_000, maxChars: 8 } },
    );
    expect(deltasOf(events)).toEqual(["a", "12345678"]);
  });

  it("merges what comes while a delta is in flight, and says when to wait", async () => {
    const events = await eventsOfRun(
      async (run) => {
        const message = run.message();
        const answers = Array.from({ length: 100 }, () => message.write("0123456789"));
        expect(answers.indexOf(false)).toBeGreaterThan(0);
        await message.ready();
        expect(message.write("!")).toBe(true);
        expect(message).toHaveLength(1_001);
      },
      { coalesce: { windowMs: 0, maxChars: 100 } },
    );
    expect(deltasOf(events).length).toBeLessThan(5);
    expect(dataOf(events, "message_completed")).toMatchObject({ finishReason: "stop" });
  });

  it("counts offsets in UTF-16 units and keeps pairs that a delta cuts in two", async () => {
    const events = await eventsOfRun(async (run) => {
      const message = run.message({ messageId: "m", parentMessageId: "p" });
      for (const unit of "a😀ü".split("")) {
        message.write(unit);
        await run.flush();
      }
      await message.end();
    });
    expect(deltasOf(events).join("")).toBe("a😀ü");
    expect(dataOf(events, "message_started")).toEqual({ messageId: "m", role: "assistant", parentMessageId: "p" });
    expect(dataOf(events, "message_completed")).toEqual({ messageId: "m", content: "a😀ü" });
  });

  it("refuses text after the end, and ends once", async () => {
    await eventsOfRun(async (run) => {
      const message = run.message();
      message.write("");
      await message.end();
      await message.end();
      await message.discard();
      await message.ready();
      expect(() => message.write("x")).toThrow(expect.objectContaining({ code: "INVALID_EVENT" }));
    });
  });

  it("takes a message back, with the text that was still waiting", async () => {
    const events = await eventsOfRun(async (run) => {
      const message = run.message();
      message.write("wrong");
      message.write(" and more");
      await message.discard("moderated");
      await run.message().end();
    });
    expect(deltasOf(events).join("")).not.toContain("more");
    expect(dataOf(events, "message_discarded")).toMatchObject({ reason: "moderated" });
    expect(events.filter((event) => event.type === "message_completed")).toHaveLength(1);
  });

  it.each([["x"], ["\u0000"], ["ü"], ['"']])(
    "P8 refuses more text of %j than one event can carry, and completes what there is",
    async (unit) => {
      const events = await eventsOfRun(
        async (run) => {
          const message = run.message();
          const fill = () => {
            for (;;) message.write(unit.repeat(7));
          };
          expect(fill).toThrow(expect.objectContaining({ code: "TOO_LARGE" }));
          await message.end({ finishReason: "length" });
        },
        { limits: { maxPayloadBytes: 4_096 } },
      );
      expect(String(dataOf(events, "message_completed")?.["content"]).length).toBeGreaterThan(400);
    },
  );

  it("leaves a message open whose finish reason cannot travel", async () => {
    const events = await eventsOfRun(async (run) => {
      const message = run.message();
      expect(() => message.end({ finishReason: "x".repeat(70_000) })).toThrow(
        expect.objectContaining({ code: "TOO_LARGE" }),
      );
    });
    expect(dataOf(events, "message_completed")).toMatchObject({ content: "", finishReason: "stop" });
  });
});
