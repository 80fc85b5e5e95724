import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createCleanUp } from "@doorstep/testkit";
import { currentRun, type Run } from "../src/index.ts";
import { assertWellFormed, dataOf, type Fixture, startFixture, typesOf, viewOf } from "./support/fixture.ts";

const cleanUp = createCleanUp();
let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture(cleanUp);
});
afterAll(() => cleanUp.run());

function run<T>(userId: string, fn: (run: Run) => Promise<T>): Promise<T> {
  return fixture.hub.run({ userId, threadId: "t", agentName: "tester" }, fn);
}

describe("Run", () => {
  it("tells steps, thoughts, progress and events of its own in the order they were emitted", async () => {
    await run("ada", async (run) => {
      run.thinking("let me see", { step: "plan" });
      await run.step("plan", async () => run.emit("plan.made", { parts: 2 }, { subject: "plan" }));
      await expect(run.step("fail", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
      run.progress({ toolCallId: "none", progress: 1 });
      await run.emit("state_snapshot", { snapshot: {}, version: 1 });
    });
    const events = await fixture.eventsOf("ada");
    assertWellFormed(events);
    expect(typesOf(events)).toEqual([
      "agent_started",
      "agent_thinking",
      "step_started",
      "plan.made",
      "step_completed",
      "step_started",
      "step_completed",
      "state_snapshot",
      "agent_completed",
    ]);
    expect(events.find((event) => event.type === "plan.made")).toMatchObject({ subject: "plan", data: { parts: 2 } });
    expect(viewOf(events)?.steps).toMatchObject([
      { stepId: "s1", stepName: "plan", status: "success" },
      { stepId: "s2", stepName: "fail", status: "error" },
    ]);
    expect(viewOf(events)?.reasoning.map((thought) => thought.text)).toEqual(["let me see"]);
  });

  it("keeps the order of an event emitted behind text", async () => {
    await run("bea", async (run) => {
      const message = run.message();
      message.write("first ");
      message.write("second ");
      await run.emit("note", "after the text");
      await message.end({ finishReason: "length" });
    });
    const events = await fixture.eventsOf("bea");
    assertWellFormed(events);
    expect(typesOf(events)).toEqual([
      "agent_started",
      "message_started",
      "message_delta",
      "note",
      "message_completed",
      "agent_completed",
    ]);
    const deltas = events.filter((event) => event.type === "message_delta");
    expect(deltas.map((event) => (event.data as { delta: string }).delta).join("")).toBe("first second ");
    expect(dataOf(events, "message_completed")).toMatchObject({ content: "first second ", finishReason: "length" });
  });

  it("has a frozen context", async () => {
    const ctx = await run("cat", async ({ ctx }) => ctx);
    expect(Object.isFrozen(ctx)).toBe(true);
    expect(ctx).toEqual({ userId: "cat", threadId: "t", runId: expect.any(String), agentName: "tester", attempt: 1 });
  });

  it.each(["agent_started", "agent_completed", "tool_executing", "message_delta", "step_started"])(
    "P6 refuses to emit %s by hand",
    async (type) => {
      await run("dan", async (run) => {
        await expect(run.emit(type, {})).rejects.toMatchObject({ code: "INVALID_EVENT" });
      });
      expect(typesOf(await fixture.eventsOf("dan")).filter((known) => known === "agent_failed")).toEqual([]);
    },
  );

  it("P1 answers a conflict of ids to who emitted it and goes on", async () => {
    await run("eli", async (run) => {
      await run.emit("note", 1, { id: "n" });
      const [, conflict, neighbour] = await Promise.allSettled([
        run.emit("note", 2),
        run.emit("note", 3, { id: "n" }),
        run.emit("note", 4),
      ]);
      expect(conflict).toMatchObject({ status: "rejected", reason: { code: "CONFLICT" } });
      expect(neighbour).toMatchObject({ status: "fulfilled" });
      await run.flush();
    });
    const events = await fixture.eventsOf("eli");
    assertWellFormed(events);
    expect(events.filter((event) => event.type === "note").map((event) => event.data)).toEqual([1, 2, 4]);
  });

  it("P4 keeps the events of runs at the same time apart", async () => {
    await Promise.all(
      ["fay", "gus", "fay"].map((userId, n) =>
        run(userId, async (run) => {
          for (let i = 0; i < 20; i++) await run.step(`${n}`, async () => i);
        }),
      ),
    );
    for (const [userId, names] of [
      ["fay", ["0", "2"]],
      ["gus", ["1"]],
    ] as const) {
      const events = await fixture.eventsOf(userId);
      for (const runId of new Set(events.map((event) => event.runId))) {
        assertWellFormed(events.filter((event) => event.runId === runId));
      }
      const steps = events.filter((event) => event.type === "step_started");
      expect([...new Set(steps.map((event) => (event.data as { stepName: string }).stepName))].sort()).toEqual(names);
    }
  });

  it("waits where the process may not buffer more, and loses nothing", async () => {
    const hub = fixture.openHub({ buffer: { maxEvents: 3 } });
    await hub.run({ userId: "hew", threadId: "t", agentName: "a" }, async (run) => {
      await Promise.all(Array.from({ length: 50 }, (_, n) => run.emit("note", n)));
      const message = run.message();
      const more = [1, 2, 3].map((n) => run.emit("note", n));
      const answers = Array.from({ length: 50 }, () => message.write("x"));
      expect(answers).toContain(false);
      await message.ready();
      await Promise.all([...more, message.end()]);
    });
    const events = await fixture.eventsOf("hew");
    assertWellFormed(events);
    expect(events.filter((event) => event.type === "note")).toHaveLength(53);
    expect(dataOf(events, "message_completed")).toMatchObject({ content: "x".repeat(50) });
  });
});

describe("currentRun", () => {
  it("answers the run of whoever called, also when runs are interleaved", async () => {
    const tool = async () => {
      await new Promise(setImmediate);
      return currentRun().ctx.userId;
    };
    expect(await Promise.all(["ida", "jim"].map((userId) => run(userId, tool)))).toEqual(["ida", "jim"]);
  });

  it("throws NO_CONTEXT outside a run", () => {
    expect(() => currentRun()).toThrow(expect.objectContaining({ code: "NO_CONTEXT" }));
  });
});
