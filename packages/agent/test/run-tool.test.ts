import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Envelope } from "@doorstep/protocol";
import { createCleanUp } from "@doorstep/testkit";
import type { Run } from "../src/index.ts";
import { assertWellFormed, dataOf, type Fixture, startFixture } from "./support/fixture.ts";

const cleanUp = createCleanUp();
let fixture: Fixture;
let users = 0;

beforeAll(async () => {
  fixture = await startFixture(cleanUp);
});
afterAll(() => cleanUp.run());

async function eventsOfRun(fn: (run: Run) => Promise<unknown>): Promise<Envelope[]> {
  const userId = `user${++users}`;
  await fixture.hub.run({ userId, threadId: "t", agentName: "tester" }, fn);
  const events = await fixture.eventsOf(userId);
  assertWellFormed(events);
  return events;
}

describe("run.tool", () => {
  it("tells the call, its output and how long it took", async () => {
    const events = await eventsOfRun(async (run) => {
      const call = { toolCallId: "c1", toolName: "add", title: "Adding", input: { a: 1, b: 2 } };
      const sum = await run.tool(call, ({ toolCallId, progress }) => {
        progress({ progress: 0.5, message: "half" });
        return `${toolCallId}: 3`;
      });
      expect(sum).toBe("c1: 3");
    });
    expect(dataOf(events, "tool_executing")).toEqual({
      toolCallId: "c1",
      toolName: "add",
      title: "Adding",
      input: { a: 1, b: 2 },
    });
    expect(dataOf(events, "tool_completed")).toEqual({
      toolCallId: "c1",
      toolName: "add",
      status: "success",
      output: "c1: 3",
      durationMs: expect.any(Number),
    });
  });

  it("tells an error and throws it on", async () => {
    const events = await eventsOfRun(async (run) => {
      await expect(run.tool({ toolName: "sad" }, () => Promise.reject(new TypeError("sad")))).rejects.toThrow("sad");
    });
    expect(dataOf(events, "tool_completed")).toMatchObject({
      status: "error",
      error: { code: "AGENT_ERROR", message: "sad" },
    });
  });

  it("tells two calls of one tool at the same time apart", async () => {
    const events = await eventsOfRun((run) =>
      Promise.all([1, 2].map((n) => run.tool({ toolName: "twin", input: n }, async () => n))),
    );
    const completed = events.filter((event) => event.type === "tool_completed");
    expect(new Set(completed.map((event) => (event.data as { toolCallId: string }).toolCallId)).size).toBe(2);
  });

  it("refuses a second call with the id of an open one", async () => {
    await eventsOfRun(async (run) => {
      const call = { toolCallId: "same", toolName: "t" };
      await run.tool(call, async () => {
        await expect(run.tool(call, () => 1)).rejects.toMatchObject({ code: "INVALID_EVENT" });
      });
    });
  });

  it("refuses an input that cannot travel before the tool runs", async () => {
    await eventsOfRun(async (run) => {
      let ran = false;
      const call = { toolName: "big", input: "x".repeat(70_000) };
      await expect(run.tool(call, () => (ran = true))).rejects.toMatchObject({ code: "TOO_LARGE" });
      expect(ran).toBe(false);
    });
  });

  it.each([
    ["TOO_LARGE", "x".repeat(70_000)],
    ["INVALID_EVENT", 1n],
  ])("P10 answers an output that cannot travel and tells the user %s", async (reason, output) => {
    const events = await eventsOfRun(async (run) => {
      expect(await run.tool({ toolName: "big" }, () => output)).toBe(output);
    });
    expect(dataOf(events, "tool_completed")).toMatchObject({ status: "success", output: { omitted: true, reason } });
  });
});
