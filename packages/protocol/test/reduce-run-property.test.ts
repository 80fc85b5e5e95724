/** What holds for every history of a run, also a hostile one: found by trying thousands. */
import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { DELIVERY, type Envelope, isEnded, isTerminal, reduceRun, type RunView } from "../src/index.ts";

const types = fc.constantFrom(...Object.keys(DELIVERY));
const ids = fc.constantFrom("a", "b", "__proto__");
const texts = fc.constantFrom("", "x", "yz");
const lengths = fc.nat({ max: 4 });

/** Any field that any payload has, with values that are right for it. */
const payloadFields = {
  agentName: texts,
  fromAgent: texts,
  toAgent: texts,
  stepId: ids,
  stepName: texts,
  messageId: ids,
  toolCallId: ids,
  toolName: texts,
  role: fc.constantFrom("assistant", "user"),
  delta: texts,
  textOffset: lengths,
  content: texts,
  status: fc.constantFrom("success", "error"),
  interrupts: fc.array(fc.record({ id: ids, reason: texts })),
  resolutions: fc.array(fc.record({ interruptId: ids, status: fc.constant("resolved") })),
  attempt: lengths,
  reason: texts,
  discard: fc.record({ messageIds: fc.array(ids), toolCallIds: fc.array(ids) }),
  error: fc.record({ code: texts, message: texts }),
  progress: lengths,
  snapshot: fc.jsonValue({ maxDepth: 2 }),
  patch: fc.array(fc.record({ op: fc.constantFrom("add", "remove"), path: fc.constantFrom("", "/a"), value: texts })),
  baseVersion: lengths,
  version: lengths,
  name: texts,
  value: texts,
  by: fc.constant("user"),
};
const goodPayload = fc.record(payloadFields);
const FIELDS = Object.keys(payloadFields);

/** The same fields with any value, or missing. */
const strangePayload = fc
  .tuple(goodPayload, fc.dictionary(fc.constantFrom(...FIELDS), fc.anything()))
  .map(([good, wrong]) => Object.assign(good, wrong));

function envelopes(payload: fc.Arbitrary<unknown>): fc.Arbitrary<Envelope> {
  return fc
    .record({ type: types, data: payload })
    .map(({ type, data }) => ({ id: "e", type, time: "2026-01-01T00:00:00.000Z", runId: "r", data }));
}

const good = envelopes(goodPayload);
const strange = envelopes(fc.oneof(goodPayload, strangePayload, fc.anything()));

function fold(events: readonly Envelope[]): RunView | undefined {
  return events.reduce<RunView | undefined>(reduceRun, undefined);
}

describe("reduceRun, for any history", () => {
  it("does not throw and leaves views that a page can render", () => {
    fc.assert(
      fc.property(fc.array(strange, { maxLength: 40 }), (events) => {
        const view = fold(events);
        if (view === undefined) return;
        for (const { text } of [...view.messages, ...view.reasoning]) expect(typeof text).toBe("string");
        for (const { toolName, status } of view.tools)
          expect([typeof toolName, typeof status]).toEqual(["string", "string"]);
        for (const { stepName } of view.steps) expect(typeof stepName).toBe("string");
        for (const interrupt of view.interrupts) expect(typeof interrupt).toBe("object");
      }),
      { numRuns: 500 },
    );
  });

  it("applies any event twice as once, where its payload says what it is: deltas at an offset, patches to a version", () => {
    fc.assert(
      fc.property(fc.array(good, { maxLength: 30 }), good, (events, event) => {
        const data = event.data as { baseVersion: number; version: number };
        // A patch to its own base version cannot be told from a new one.
        fc.pre(event.type !== "state_delta" || data.baseVersion !== data.version);
        const once = reduceRun(fold(events), event);
        expect(reduceRun(once, event)).toEqual(once);
      }),
      { numRuns: 1_000 },
    );
  });

  it("P6 changes nothing after the first terminal event", () => {
    fc.assert(
      fc.property(fc.array(strange, { maxLength: 40 }), (events) => {
        const first = events.findIndex(({ type }) => isTerminal(type));
        fc.pre(first !== -1);
        const ended = fold(events.slice(0, first + 1));
        expect(ended !== undefined && isEnded(ended)).toBe(true);
        expect(fold(events)).toEqual(ended);
      }),
      { numRuns: 300 },
    );
  });

  it("changes no view that was handed out", () => {
    fc.assert(
      fc.property(fc.array(good, { maxLength: 20 }), good, (events, event) => {
        const view = fold(events);
        const before = structuredClone(view);
        reduceRun(view, event);
        expect(view).toEqual(before);
      }),
    );
  });

  it("builds the text of a message from its deltas, however often each is repeated", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1 }), { minLength: 1 }),
        fc.infiniteStream(fc.nat({ max: 2 })),
        (parts, repeats) => {
          let view: RunView | undefined;
          let text = "";
          for (const delta of parts) {
            const data = { messageId: "m", delta, textOffset: text.length };
            const event = { id: "e", type: "message_delta", time: "", runId: "r", data };
            for (let n = repeats.next().value as number; n >= 0; n--) view = reduceRun(view, event);
            text += delta;
          }
          expect(view?.messages[0]?.text).toBe(text);
        },
      ),
    );
  });
});
