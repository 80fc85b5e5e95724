import { describe, expect, it } from "@jest/globals";
import { DoorstepError, parseOffset } from "@doorstep/protocol";
import { array, assert, constantFrom, integer, nat, property, record, string, subarray } from "fast-check";
import { defaultRule, parseRules, planEscalations, type Rule, ruleFor, splitDue } from "../../src/escalation/rule.ts";
import { SINK_NAMES } from "../../src/escalation/sink.ts";
import { createEvent } from "./support/delivery.ts";

const START_MS = 1_700_000_000_000;

/** Whether a rule of this one glob matches. */
function matches(glob: string, type: string): boolean {
  return ruleFor([{ types: [glob], afterMs: 0, sinks: [] }], type) !== undefined;
}

function refusal(text: string): DoorstepError {
  try {
    parseRules(text);
  } catch (error) {
    if (error instanceof DoorstepError) return error;
    throw error;
  }
  throw new Error("the rules were accepted");
}

const events = array(record({ gapMs: nat(100_000), type: constantFrom("agent_paused", "agent_failed", "note") }), {
  maxLength: 40,
}).map((steps) => {
  let timeMs = START_MS;
  return steps.map(({ gapMs, type }) => createEvent((timeMs += gapMs + 1), { type }));
});
const rules = array(
  record({
    types: subarray(["agent_paused", "agent_*", "*"], { minLength: 1 }),
    afterMs: integer({ min: 0, max: 1_000_000 }),
    sinks: subarray([...SINK_NAMES]),
  }),
  { maxLength: 4 },
);

describe("parseRules", () => {
  it("reads rules, names each sink once and takes the class of what is held", () => {
    const text =
      '[{"types":["agent_completed","agent_paused"],"delivery":"durable","afterMs":300000,"sinks":["webhook","webhook"]}]';
    expect(parseRules(text)).toEqual([
      { types: ["agent_completed", "agent_paused"], afterMs: 300_000, sinks: ["webhook"] },
    ]);
    expect(parseRules("[]")).toEqual([]);
  });

  it("names every place that is wrong", () => {
    const { code, detail } = refusal(
      '[{"types":["a"],"afterMs":1,"sinks":[]},{"types":["a b"],"afterMs":-1,"sinks":["fax"]}]',
    );
    expect(code).toBe("INVALID_REQUEST");
    for (const place of ["[1].types[0]: ", "[1].afterMs: ", "[1].sinks[0]: "]) expect(detail).toContain(place);
    expect(detail).not.toContain("[0].types");
  });

  it("refuses what is no list, no JSON, unknown or never held", () => {
    expect(refusal("{}").detail).toContain("the whole: ");
    expect(refusal("[{").detail).toBe("the escalation rules are not JSON");
    expect(refusal('[{"types":["a"],"afterMs":1,"sinks":[],"when":1}]').detail).toContain("when");
    expect(refusal('[{"types":[],"afterMs":1,"sinks":[]}]').detail).toContain("[0].types: ");
    expect(refusal('[{"types":["a"],"delivery":"stream","afterMs":1,"sinks":[]}]').detail).toContain(
      "[0].delivery: only durable events are held",
    );
  });
});

describe("ruleFor", () => {
  it("matches types with * for any characters", () => {
    expect(matches("agent_*", "agent_completed")).toBe(true);
    expect(matches("agent_*", "agent_")).toBe(true);
    expect(matches("agent_*", "my_agent_completed")).toBe(false);
    expect(matches("*.paid", "invoice.paid")).toBe(true);
    expect(matches("a*b*c", "a1b2c")).toBe(true);
    expect(matches("a*b*c", "a1c2b")).toBe(false);
    expect(matches("ab*ba", "aba")).toBe(false);
    expect(matches("a.c", "abc")).toBe(false);
  });

  it("matches as the regular expression would", () => {
    const letters = (...units: string[]): ReturnType<typeof string> =>
      string({ unit: constantFrom(...units), maxLength: 10 });
    assert(
      property(letters("a", "b", "*"), letters("a", "b"), (glob, text) => {
        expect(matches(glob, text)).toBe(new RegExp(`^${glob.replaceAll("*", ".*")}$`).test(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it("takes the first rule that matches, and the default one last", () => {
    const last = defaultRule(300_000, ["webhook"]);
    const list: Rule[] = [
      { types: ["x", "agent_*"], afterMs: 1, sinks: [] },
      { types: ["agent_paused"], afterMs: 2, sinks: [] },
      last,
    ];
    expect(ruleFor(list, "agent_paused")?.afterMs).toBe(1);
    expect(ruleFor(list, "invoice.paid")).toBe(last);
    expect(ruleFor(list.slice(0, 2), "invoice.paid")).toBeUndefined();
  });
});

describe("planEscalations", () => {
  it("plans every event once for each sink of its rule, in log order, and nothing else", () => {
    assert(
      property(rules, events, (list, logged) => {
        const plan = planEscalations(list, logged);
        for (const sink of SINK_NAMES) {
          const planned = plan.filter((escalation) => escalation.sink === sink).flatMap(({ events }) => events);
          const expected = logged.filter(({ body }) =>
            ruleFor(list, (JSON.parse(body) as { type: string }).type)?.sinks.includes(sink),
          );
          expect(planned.map(({ offset }) => offset).sort()).toEqual(expected.map(({ offset }) => offset).sort());
        }
        for (const { to, events } of plan) {
          const offsets = events.map(({ offset }) => offset);
          expect(offsets).toEqual(offsets.toSorted());
          expect(to).toBe(offsets.at(-1));
        }
        expect(new Set(plan.map(({ sink, to }) => `${sink} ${to}`)).size).toBe(plan.length);
      }),
    );
  });

  it("tells no event before its time, and none more than a tenth of it or a minute late", () => {
    assert(
      property(rules, events, (list, logged) => {
        for (const { dueAtMs, events } of planEscalations(list, logged)) {
          for (const { offset, body } of events) {
            const afterMs = ruleFor(list, (JSON.parse(body) as { type: string }).type)?.afterMs ?? Number.NaN;
            const lateMs = dueAtMs - (Number(offset.split("-")[0]) + afterMs);
            expect(lateMs).toBeGreaterThanOrEqual(0);
            expect(lateMs).toBeLessThanOrEqual(Math.min(60_000, afterMs / 10));
          }
        }
      }),
    );
  });

  it("passes over what is no event", () => {
    const good = createEvent(START_MS);
    const bodies = ["", "garbage", "[]", "null", '{"type":7}', '{"type":"<script>"}'];
    const bad = bodies.map((body, i) => ({ offset: parseOffset(`${START_MS}-${i + 1}`), body }));
    const plan = planEscalations([defaultRule(1_000, ["webhook"])], [good, ...bad]);
    expect(plan).toEqual([{ sink: "webhook", dueAtMs: START_MS + 1_000, to: good.offset, events: [good] }]);
  });
});

describe("splitDue", () => {
  it("finds at each time what is due, and when to look again", () => {
    assert(
      property(rules, events, nat(5_000_000), (list, logged, elapsedMs) => {
        const plan = planEscalations(list, logged);
        const nowMs = START_MS + elapsedMs;
        const { due, nextDueAtMs = Infinity } = splitDue(plan, nowMs);
        expect(nextDueAtMs).toBeGreaterThan(nowMs);
        expect(plan.filter(({ dueAtMs }) => dueAtMs < nextDueAtMs)).toEqual(due);
        expect(due.every(({ dueAtMs }) => dueAtMs <= nowMs)).toBe(true);
      }),
    );
  });

  it("ends", () => {
    const plan = planEscalations([defaultRule(1_000, ["webhook", "web-push"])], [createEvent(START_MS)]);
    expect(splitDue(plan, START_MS + 999)).toEqual({ due: [], nextDueAtMs: START_MS + 1_000 });
    expect(splitDue(plan, START_MS + 1_000)).toEqual({ due: plan });
  });
});
