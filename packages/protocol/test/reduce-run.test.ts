import { describe, expect, it } from "@jest/globals";
import { type Envelope, type EventMap, type EventType, reduceRun, type RunView } from "../src/index.ts";

type Step = { [K in EventType]: readonly [type: K, data: EventMap[K]] }[EventType];

function envelope(type: string, data: unknown, fields: Partial<Envelope> = {}): Envelope {
  return { id: "e", type, time: "2026-01-01T00:00:00.000Z", runId: "run-1", data, ...fields };
}

function fold(steps: readonly Step[], from?: RunView): RunView {
  const view = steps.reduce<RunView | undefined>((prev, [type, data]) => reduceRun(prev, envelope(type, data)), from);
  if (view === undefined) throw new Error("fold at least one event");
  return view;
}

const STARTED: Step = ["agent_started", { agentName: "reader" }];
const TOOL = { toolCallId: "t", toolName: "search" };

describe("reduceRun", () => {
  it("folds a whole run", () => {
    const started = reduceRun(
      undefined,
      envelope(
        "agent_started",
        { agentName: "reader", title: "Reading" },
        { threadId: "thread-1", parentRunId: "run-0", attempt: 2 },
      ),
    );
    const view = fold(
      [
        ["step_started", { stepId: "s", stepName: "look" }],
        ["agent_thinking", { messageId: "r", delta: "Hm", textOffset: 0 }],
        ["agent_thinking", { messageId: "r", text: "Hm, a file." }],
        ["tool_call_delta", { ...TOOL, delta: '{"q":', textOffset: 0 }],
        ["tool_call_delta", { toolCallId: "t", delta: '"x"}', textOffset: 5 }],
        ["tool_executing", { ...TOOL, title: "Search", input: { q: "x" } }],
        ["tool_progress", { toolCallId: "t", progress: 0.5, message: "half" }],
        ["tool_completed", { ...TOOL, status: "success", output: ["a.md"], durationMs: 12 }],
        ["step_completed", { stepId: "s", stepName: "look", status: "success", durationMs: 20 }],
        ["agent_handoff", { fromAgent: "reader", toAgent: "writer" }],
        ["message_started", { messageId: "m", role: "assistant" }],
        ["message_delta", { messageId: "m", delta: "It is ", textOffset: 0 }],
        ["message_delta", { messageId: "m", delta: "there", textOffset: 6 }],
        ["message_completed", { messageId: "m", content: "It is there." }],
        ["state_snapshot", { snapshot: { found: 1 }, version: 1 }],
        ["state_delta", { patch: [{ op: "replace", path: "/found", value: 2 }], baseVersion: 1, version: 2 }],
        ["custom", { name: "note", value: 1 }],
        ["agent_completed", { result: "done", usage: [{ model: "none", totalTokens: 0 }] }],
      ],
      started,
    );
    expect(view).toEqual({
      runId: "run-1",
      threadId: "thread-1",
      parentRunId: "run-0",
      agentName: "writer",
      title: "Reading",
      status: "completed",
      attempt: 2,
      startedAt: "2026-01-01T00:00:00.000Z",
      endedAt: "2026-01-01T00:00:00.000Z",
      steps: [{ stepId: "s", stepName: "look", status: "success", durationMs: 20 }],
      reasoning: [{ messageId: "r", role: "assistant", text: "Hm, a file.", done: true }],
      messages: [{ messageId: "m", role: "assistant", text: "It is there.", done: true }],
      tools: [
        {
          ...TOOL,
          status: "success",
          title: "Search",
          inputText: '{"q":"x"}',
          input: { q: "x" },
          progress: 0.5,
          progressMessage: "half",
          output: ["a.md"],
          durationMs: 12,
        },
      ],
      interrupts: [],
      state: { found: 2 },
      stateVersion: 2,
      result: "done",
      usage: [{ model: "none", totalTokens: 0 }],
    });
  });

  it("keeps two parallel calls of one tool apart", () => {
    const { tools } = fold([
      ["tool_executing", { ...TOOL, toolCallId: "a" }],
      ["tool_executing", { ...TOOL, toolCallId: "b" }],
      ["tool_completed", { ...TOOL, toolCallId: "b", status: "error", error: { code: "E", message: "m" } }],
    ]);
    expect(tools).toEqual([
      { ...TOOL, toolCallId: "a", status: "executing" },
      { ...TOOL, toolCallId: "b", status: "error", error: { code: "E", message: "m" } },
    ]);
  });

  describe("deltas", () => {
    const open = fold([STARTED, ["message_delta", { messageId: "m", delta: "Hello", textOffset: 0 }]]);

    it.each<[string, Step]>([
      ["one that was applied already", ["message_delta", { messageId: "m", delta: "Hello", textOffset: 0 }]],
      ["one behind a hole", ["message_delta", { messageId: "m", delta: "!", textOffset: 9 }]],
      ["one of a message whose beginning is missing", ["message_delta", { messageId: "n", delta: "x", textOffset: 4 }]],
      ["one of thoughts whose beginning is missing", ["agent_thinking", { delta: "x", textOffset: 4 }]],
      [
        "one of a tool call whose beginning is missing",
        ["tool_call_delta", { toolCallId: "t", delta: "x", textOffset: 4 }],
      ],
    ])("ignores %s and keeps the view itself", (_, [type, data]) => {
      expect(reduceRun(open, envelope(type, data))).toBe(open);
    });

    it("count in UTF-16 units", () => {
      const view = fold(
        [["message_delta", { messageId: "m", delta: "!", textOffset: 2 }]],
        fold([["message_delta", { messageId: "m", delta: "😀", textOffset: 0 }]]),
      );
      expect(view.messages[0]?.text).toBe("😀!");
    });

    it("may be missing: the completed event brings the whole", () => {
      const view = fold([
        ["message_delta", { messageId: "m", delta: "world", textOffset: 6 }],
        ["message_completed", { messageId: "m", content: "Hello world" }],
        ["message_delta", { messageId: "m", delta: "!", textOffset: 11 }],
      ]);
      expect(view.messages).toEqual([{ messageId: "m", role: "assistant", text: "Hello world", done: true }]);
    });

    it("of thoughts without an offset are appended, by message, step or as one", () => {
      const { reasoning } = fold([
        ["agent_thinking", { delta: "a" }],
        ["agent_thinking", { delta: "b" }],
        ["agent_thinking", { step: "plan", delta: "c" }],
        ["agent_thinking", {}],
      ]);
      expect(reasoning.map(({ messageId, text }) => [messageId, text])).toEqual([
        ["thinking", "ab"],
        ["plan", "c"],
      ]);
    });

    it("of a tool's input end when it executes", () => {
      const view = fold([
        ["tool_call_delta", { ...TOOL, delta: "{}", textOffset: 0 }],
        ["tool_executing", TOOL],
      ]);
      expect(fold([["tool_call_delta", { ...TOOL, delta: "x", textOffset: 2 }]], view)).toBe(view);
    });
  });

  it("keeps the role of a message that was started, and starts it once", () => {
    const started = fold([["message_started", { messageId: "m", role: "user" }]]);
    expect(fold([["message_started", { messageId: "m", role: "system" }]], started)).toBe(started);
    expect(fold([["message_completed", { messageId: "m", content: "Hi" }]], started).messages[0]?.role).toBe("user");
  });

  it("ignores progress of a tool that is not executing", () => {
    const done = fold([["tool_completed", { ...TOOL, status: "success" }]]);
    expect(fold([["tool_progress", { toolCallId: "t", progress: 1 }]], done)).toBe(done);
    expect(fold([["tool_progress", { toolCallId: "other", progress: 1 }]], done)).toBe(done);
  });

  it("applies a state delta to its base version only", () => {
    const patch = [{ op: "add", path: "/a", value: 1 } as const];
    const base = fold([["state_snapshot", { snapshot: {}, version: 3 }]]);
    expect(fold([["state_delta", { patch, baseVersion: 2, version: 3 }]], base)).toBe(base);
    expect(fold([["state_delta", { patch: [{ op: "remove", path: "/b" }], baseVersion: 3, version: 4 }]], base)).toBe(
      base,
    );
    const next = fold([["state_delta", { patch, baseVersion: 3, version: 4 }]], base);
    expect(next).toMatchObject({ state: { a: 1 }, stateVersion: 4 });
    expect(
      fold([["state_delta", { patch: [{ op: "add", path: "", value: [] }], baseVersion: 0, version: 1 }]]).state,
    ).toEqual([]);
  });

  it("pauses until every question is answered", () => {
    const ask = (id: string): { id: string; reason: string } => ({ id, reason: "confirmation" });
    const paused = fold([STARTED, ["agent_paused", { interrupts: [ask("a"), ask("b")] }]]);
    expect(paused.status).toBe("paused");
    const half = fold([["agent_resumed", { resolutions: [{ interruptId: "a", status: "resolved" }] }]], paused);
    expect([half.status, half.interrupts]).toEqual(["paused", [ask("b")]]);
    const resumed = fold([["agent_resumed", { resolutions: [{ interruptId: "b", status: "cancelled" }] }]], half);
    expect([resumed.status, resumed.interrupts]).toEqual(["running", []]);
  });

  it("throws away what a retry discards", () => {
    const view = fold([
      STARTED,
      ["message_delta", { messageId: "keep", delta: "k", textOffset: 0 }],
      ["message_delta", { messageId: "drop", delta: "d", textOffset: 0 }],
      ["tool_executing", { ...TOOL, toolCallId: "keep" }],
      ["tool_executing", { ...TOOL, toolCallId: "drop" }],
      [
        "agent_retrying",
        { attempt: 2, reason: { code: "E", message: "m" }, discard: { messageIds: ["drop"], toolCallIds: ["drop"] } },
      ],
    ]);
    expect(view).toMatchObject({ status: "running", attempt: 2 });
    expect(view.messages.map(({ messageId }) => messageId)).toEqual(["keep"]);
    expect(view.tools.map(({ toolCallId }) => toolCallId)).toEqual(["keep"]);
  });

  it("throws a discarded message away", () => {
    const view = fold([
      ["message_completed", { messageId: "m", content: "no" }],
      ["message_discarded", { messageId: "m", reason: "moderated" }],
    ]);
    expect(view.messages).toEqual([]);
  });

  it.each<[Step, Partial<RunView>]>([
    [["agent_completed", {}], { status: "completed" }],
    [
      ["agent_failed", { error: { code: "E", message: "m" } }],
      { status: "failed", error: { code: "E", message: "m" } },
    ],
    [["agent_cancelled", { by: "user" }], { status: "cancelled" }],
  ])("P6 closes what is open on %j, and nothing changes any more", (terminal, expected) => {
    const ended = fold([
      STARTED,
      ["agent_paused", { interrupts: [{ id: "i", reason: "confirmation" }] }],
      ["agent_thinking", { delta: "h" }],
      ["message_delta", { messageId: "m", delta: "Hel", textOffset: 0 }],
      ["tool_call_delta", { ...TOOL, toolCallId: "streaming", delta: "{", textOffset: 0 }],
      ["tool_executing", { ...TOOL, toolCallId: "executing" }],
      ["tool_completed", { ...TOOL, toolCallId: "done", status: "denied" }],
      terminal,
    ]);
    expect(ended).toMatchObject({ ...expected, interrupts: [], endedAt: "2026-01-01T00:00:00.000Z" });
    expect([...ended.messages, ...ended.reasoning].map(({ done }) => done)).toEqual([true, true]);
    expect(ended.tools.map(({ status }) => status)).toEqual(["unknown", "unknown", "denied"]);
    for (const late of [STARTED, terminal, ["message_completed", { messageId: "m", content: "x" }]] as Step[]) {
      expect(fold([late], ended)).toBe(ended);
    }
  });

  it.each<[unknown]>([[null], ["text"], [[]], [{}], [{ error: null, usage: 7 }]])(
    "P6 ends the run on a terminal event with the payload %j",
    (data) => {
      for (const [type, status] of [
        ["agent_completed", "completed"],
        ["agent_failed", "failed"],
        ["agent_cancelled", "cancelled"],
      ] as const) {
        expect(reduceRun(fold([STARTED]), envelope(type, data)).status).toBe(status);
      }
    },
  );

  it.each<[EventType, unknown]>([
    ["agent_started", {}],
    ["agent_started", { agentName: "a", title: {} }],
    ["agent_thinking", { text: {} }],
    ["agent_paused", {}],
    ["agent_paused", { interrupts: [null] }],
    ["agent_resumed", {}],
    ["agent_resumed", { resolutions: ["yes"] }],
    ["agent_retrying", { attempt: 2, reason: {} }],
    ["agent_retrying", { attempt: 2, reason: {}, discard: { messageIds: "all", toolCallIds: [] } }],
    ["message_delta", { messageId: "m", delta: 7, textOffset: 0 }],
    ["message_completed", { messageId: "m" }],
    ["tool_executing", { toolCallId: "t" }],
    ["tool_progress", null],
    ["state_delta", { patch: {}, baseVersion: 0, version: 1 }],
    ["state_delta", { patch: [{ op: "add", value: 1 }], baseVersion: 0, version: 1 }],
  ])("leaves the view itself on %s with the payload %j", (type, data) => {
    const view = fold([STARTED]);
    expect(reduceRun(view, envelope(type, data))).toBe(view);
  });

  it("leaves the view itself on types that are not its own", () => {
    const view = fold([STARTED]);
    for (const type of ["order.shipped", "constructor", "__proto__", ""]) {
      expect(reduceRun(view, envelope(type, { agentName: "x" }))).toBe(view);
    }
    expect(reduceRun(undefined, envelope("order.shipped", {}, { runId: "r" }))).toMatchObject({
      runId: "r",
      status: "pending",
    });
  });
});
