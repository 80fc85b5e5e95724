import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { DoorstepError, type Envelope } from "@doorstep/protocol";
import { createCleanUp, eventually } from "@doorstep/testkit";
import type { Run, RunInit } from "../src/index.ts";
import { assertWellFormed, dataOf, type Fixture, startFixture, typesOf, viewOf } from "./support/fixture.ts";

const cleanUp = createCleanUp();
let fixture: Fixture;
let users = 0;

beforeAll(async () => {
  fixture = await startFixture(cleanUp, { cancelGraceMs: 50 });
});
afterAll(() => cleanUp.run());

/** Runs an agent for a user of its own; answers how hub.run ended and what the log says. */
async function live(
  fn: (run: Run) => Promise<unknown>,
  init: Partial<RunInit> = {},
): Promise<{ value?: unknown; error?: unknown; events: Envelope[] }> {
  const userId = `user${++users}`;
  const ended = await fixture.hub.run({ userId, threadId: "t", agentName: "tester", ...init }, fn).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const events = await fixture.eventsOf(userId);
  return { ...ended, events };
}

/** Never settles. */
const forever = () => new Promise<never>(() => {});

describe("a run", () => {
  it("P6 starts, ends completed with its result, and carries its fields in every event", async () => {
    const { value, events } = await live(async () => ({ answer: 42 }), {
      runId: "r1",
      parentRunId: "r0",
      agentVersion: "2",
      title: "A title",
      input: { q: "?" },
      attempt: 3,
      traceparent: "00-a-b-01",
    });
    expect(value).toEqual({ answer: 42 });
    assertWellFormed(events);
    expect(typesOf(events)).toEqual(["agent_started", "agent_completed"]);
    expect(dataOf(events, "agent_started")).toEqual({
      agentName: "tester",
      agentVersion: "2",
      title: "A title",
      input: { q: "?" },
    });
    expect(dataOf(events, "agent_completed")).toEqual({ result: { answer: 42 }, durationMs: expect.any(Number) });
    for (const event of events) {
      const fields = { source: "urn:test", threadId: "t", runId: "r1", parentRunId: "r0", attempt: 3 };
      expect(event).toMatchObject({ ...fields, traceparent: "00-a-b-01" });
    }
  });

  it("P6 ends failed with the code of what was thrown", async () => {
    const { error, events } = await live(() => Promise.reject(Object.assign(new Error("no disk"), { code: "ENOSPC" })));
    expect(error).toMatchObject({ message: "no disk" });
    assertWellFormed(events);
    expect(dataOf(events, "agent_failed")).toMatchObject({ error: { code: "ENOSPC", message: "no disk" } });
  });

  it("P6 ends failed where the function throws synchronously, or throws no Error", async () => {
    const { error, events } = await live(() => {
      throw "a string"; // oxlint-disable-line no-throw-literal -- agents do
    });
    expect(error).toBe("a string");
    expect(dataOf(events, "agent_failed")).toMatchObject({ error: { code: "AGENT_ERROR", message: "a string" } });
  });

  it.each([
    ["TOO_LARGE", "x".repeat(70_000)],
    ["INVALID_EVENT", { big: 1n }],
  ])("P6 ends failed with %s where the result cannot travel", async (code, result) => {
    const { error, events } = await live(async () => result);
    expect(error).toMatchObject({ code });
    assertWellFormed(events);
    expect(dataOf(events, "agent_failed")).toMatchObject({ error: { code } });
  });

  it("P6 closes what the function left open before the terminal event", async () => {
    const { events } = await live(async (run) => {
      run.message().write("half an ans");
      void run.tool({ toolName: "slow" }, forever);
      void run.step("forgotten", forever);
      await run.flush();
    });
    assertWellFormed(events);
    expect(dataOf(events, "tool_completed")).toMatchObject({ toolName: "slow", status: "unknown" });
    expect(dataOf(events, "step_completed")).toMatchObject({ stepName: "forgotten", status: "error" });
    expect(dataOf(events, "message_completed")).toMatchObject({ content: "half an ans", finishReason: "stop" });
    expect(viewOf(events)?.status).toBe("completed");
  });

  it("P6 takes nothing after the end", async () => {
    let kept: Run | undefined;
    let finishTool = (): void => {};
    let tool: Promise<string> | undefined;
    const { events } = await live(async (run) => {
      kept = run;
      tool = run.tool(
        { toolName: "late" },
        () => new Promise<string>((resolve) => (finishTool = () => resolve("late"))),
      );
      await run.flush();
    });
    const ended = expect.objectContaining({ code: "RUN_ENDED" });
    expect(() => kept?.thinking("more")).toThrow(ended);
    expect(() => kept?.message()).toThrow(ended);
    await expect(kept?.emit("note", 1)).rejects.toEqual(ended);
    await expect(kept?.step("s", async () => 1)).rejects.toEqual(ended);
    await expect(kept?.tool({ toolName: "t" }, () => 1)).rejects.toEqual(ended);
    finishTool();
    expect(await tool).toBe("late");
    const userId = kept?.ctx.userId ?? "";
    expect(await fixture.eventsOf(userId)).toEqual(events);
  });
});

describe("cancelling a run", () => {
  it.each([
    ["user", undefined, "user"],
    ["superseded", undefined, "superseded"],
    ["system", "going home", "going home"],
    ["system", "boom", new Error("boom")],
    ["system", "7", 7],
    [
      "timeout",
      "The operation was aborted due to timeout",
      new DOMException("The operation was aborted due to timeout", "TimeoutError"),
    ],
  ])("P6 ends it as cancelled by %s (%s)", async (by, reason, abortReason) => {
    const abort = new AbortController();
    const { error, events } = await live(
      (run) => {
        const stopped = new Promise((_, reject) =>
          run.signal.addEventListener("abort", () => reject(run.signal.reason)),
        );
        abort.abort(abortReason);
        return stopped;
      },
      { signal: abort.signal },
    );
    expect(error).toBe(abortReason);
    assertWellFormed(events);
    expect(dataOf(events, "agent_cancelled")).toEqual({ by, reason, unsettledToolCallIds: [] });
  });

  it("P6 ends it at its timeout over the head of a function that ignores the signal", async () => {
    const { error, events } = await live((run) => run.tool({ toolName: "deaf", toolCallId: "c1" }, forever), {
      timeoutMs: 20,
    });
    expect(error).toMatchObject({ name: "TimeoutError" });
    assertWellFormed(events);
    expect(dataOf(events, "tool_completed")).toMatchObject({ toolCallId: "c1", status: "unknown" });
    expect(dataOf(events, "agent_cancelled")).toMatchObject({ by: "timeout", unsettledToolCallIds: ["c1"] });
  });

  it("lets tools that heed the signal end as cancelled", async () => {
    const { events } = await live(
      (run) =>
        run.tool({ toolName: "polite" }, ({ signal }) => {
          return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
        }),
      { timeoutMs: 20 },
    );
    assertWellFormed(events);
    expect(dataOf(events, "tool_completed")).toMatchObject({ status: "cancelled" });
    expect(dataOf(events, "agent_cancelled")).toMatchObject({ unsettledToolCallIds: [] });
  });

  it("drops a result that comes after the abort", async () => {
    const abort = new AbortController();
    const { error, events } = await live(
      async () => {
        abort.abort("user");
        return "too late";
      },
      { signal: abort.signal },
    );
    expect(error).toBe("user");
    expect(typesOf(events)).toEqual(["agent_started", "agent_cancelled"]);
  });

  it("does not start with a signal that has aborted", async () => {
    const { error, events } = await live(forever, { signal: AbortSignal.abort("user") });
    expect(error).toBe("user");
    expect(events).toEqual([]);
  });

  it("does not call the function of a run that was cancelled while it was announced", async () => {
    const abort = new AbortController();
    let called = false;
    const living = live(
      async () => {
        called = true;
      },
      { signal: abort.signal },
    );
    abort.abort("user");
    const { events } = await living;
    expect(called).toBe(false);
    expect(typesOf(events)).toEqual(["agent_started", "agent_cancelled"]);
  });
});

describe("a run that cannot publish", () => {
  it.each([
    ["INVALID_USER", { userId: "" }],
    ["INVALID_EVENT", { threadId: "no spaces" }],
    ["INVALID_EVENT", { agentName: "" }],
    ["INVALID_EVENT", { attempt: 0 }],
    ["TOO_LARGE", { input: "x".repeat(70_000) }],
  ])("is refused with %s before the function is called", async (code, init) => {
    let called = false;
    const fn = async () => {
      called = true;
    };
    await expect(fixture.hub.run({ userId: "u", threadId: "t", agentName: "a", ...init }, fn)).rejects.toMatchObject({
      code,
    });
    expect(called).toBe(false);
  });

  it("refuses a timeout that is no time", async () => {
    await expect(
      fixture.hub.run({ userId: "u", threadId: "t", agentName: "a", timeoutMs: 0 }, async () => 1),
    ).rejects.toThrow(RangeError);
  });

  it("P10 fails, aborts its signal and tells onError when the mailbox is full", async () => {
    const hub = fixture.openHub({ limits: { mailboxMaxEvents: 2 } });
    const before = fixture.errors.length;
    let aborted: unknown;
    const running = hub.run({ userId: "full", threadId: "t", agentName: "a" }, async (run) => {
      run.signal.addEventListener("abort", () => (aborted = run.signal.reason));
      await run.step("one too many", async () => run.flush());
    });
    await expect(running).rejects.toMatchObject({ code: "MAILBOX_FULL" });
    expect(aborted).toBeInstanceOf(DoorstepError);
    expect(fixture.errors.slice(before).map((error) => error.code)).toContain("MAILBOX_FULL");
  });

  it("P5 survives a Redis that is killed and comes back: every event once and in order", async () => {
    const { redis, hub, eventsOf, errors } = await startFixture(cleanUp);
    const fn = async (run: Run) => {
      const message = run.message();
      for (let n = 0; n < 200; n++) {
        if (n === 50) await redis.kill("SIGKILL");
        if (n === 150) await redis.restart();
        if (!message.write(`word${n} `) && n > 150) await message.ready();
        if (n % 10 === 0) await run.step(`step ${n}`, async () => n);
      }
      await message.end();
      return message.length;
    };
    const length = await hub.run({ userId: "zoe", threadId: "t", agentName: "a" }, fn);
    const events = await eventsOf("zoe");
    assertWellFormed(events);
    expect(viewOf(events)).toMatchObject({ status: "completed", result: length });
    expect(viewOf(events)?.messages[0]?.text).toHaveLength(length);
    expect(viewOf(events)?.steps).toHaveLength(20);
    expect(errors).toEqual([]);
  });

  it("P10 rejects the run when Redis stays away longer than the buffer waits", async () => {
    const { redis, hub, errors } = await startFixture(cleanUp, { buffer: { timeoutMs: 200 }, cancelGraceMs: 10 });
    const running = hub.run({ userId: "yan", threadId: "t", agentName: "a" }, async (run) => {
      await redis.kill("SIGKILL");
      run.thinking("nobody hears this");
      await expect(run.flush()).rejects.toMatchObject({ code: "UNAVAILABLE" });
      await forever();
    });
    await expect(running).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await eventually(() => errors.length > 0);
  });
});
