/**
 * Rules: which undelivered events escalate, when, and to which sinks.
 *
 * For each event the first rule whose types match decides; none, or one without sinks, and the event never escalates. Only
 * durable events wait for an acknowledgement, so only those come here; the delivery class has decided before.
 *
 * A parcel is planned as a whole, always with the same result: per rule and sink its events become escalations in log
 * order, each of events that come due close together. It is due when its last event is, so none is told early, and the
 * first at most BATCH_RATIO of the rule's time late. All of this is arithmetic on offsets, which carry Redis' time.
 */
import type { ParcelEvent } from "@doorstep/mailbox";
import { DoorstepError, type Offset, offsetTimeMs } from "@doorstep/protocol";
import { z } from "zod";

import { readHead } from "./event-head.ts";
import { SINK_NAMES, type SinkName } from "./sink.ts";

/** Events of one escalation come due within this part of their rule's time, and within BATCH_MAX_MS. */
const BATCH_RATIO = 0.1;
const BATCH_MAX_MS = 60_000;

/** One rule. */
export interface Rule {
  /** Event types; `*` in one stands for any characters. */
  readonly types: readonly string[];
  /** How long an event waits for its acknowledgement before it escalates, in milliseconds. */
  readonly afterMs: number;
  /** Where it goes; none: these events never escalate. */
  readonly sinks: readonly SinkName[];
}

const rulesSchema = z.array(
  z.strictObject({
    types: z
      .array(
        z
          .string()
          .regex(/^[A-Za-z0-9_.:/*-]{1,128}$/, "an event type, in which * stands for any characters, is expected"),
      )
      .min(1),
    delivery: z.literal("durable", { error: "only durable events are held, so only they can escalate" }).optional(),
    afterMs: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
    sinks: z.array(z.enum(SINK_NAMES)),
  }),
);

/** Reads rules from JSON text; throws INVALID_REQUEST with every place that is not as documented. */
export function parseRules(text: string): Rule[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new DoorstepError("INVALID_REQUEST", "the escalation rules are not JSON", { cause: error });
  }
  const parsed = rulesSchema.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${placeOf(path)}: ${message}`);
    throw new DoorstepError("INVALID_REQUEST", `escalation rules: ${problems.join("; ")}`);
  }
  return parsed.data.map(({ types, afterMs, sinks }) => ({ types, afterMs, sinks: [...new Set(sinks)] }));
}

/** Writes a path as it would be written in code: `[0].types[1]`. */
function placeOf(path: readonly PropertyKey[]): string {
  const place = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  return place === "" ? "the whole" : place;
}

/** Makes the rule that stands behind all others: every type, to every sink there is. */
export function defaultRule(afterMs: number, sinks: readonly SinkName[]): Rule {
  return { types: ["*"], afterMs, sinks };
}

/** Finds the rule that decides about a type. */
export function ruleFor(rules: readonly Rule[], type: string): Rule | undefined {
  return rules.find(({ types }) => types.some((glob) => matchesGlob(glob, type)));
}

/** Whether `*` in the glob can stand for something that makes it the text; takes linear time. */
function matchesGlob(glob: string, text: string): boolean {
  const [head = "", ...rest] = glob.split("*");
  const tail = rest.pop();
  if (tail === undefined) return glob === text;
  if (!text.startsWith(head) || !text.endsWith(tail) || text.length < head.length + tail.length) return false;
  const end = text.length - tail.length;
  let at = head.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** Events that go to one sink together. */
export interface Escalation {
  readonly sink: SinkName;
  /** When it is due: Redis' clock, milliseconds since 1970. */
  readonly dueAtMs: number;
  /** The last event's offset. */
  readonly to: Offset;
  /** In log order. */
  readonly events: readonly ParcelEvent[];
}

/** Plans the escalations of events in log order, the earliest due first. An event that cannot be read never escalates. */
export function planEscalations(rules: readonly Rule[], events: readonly ParcelEvent[]): Escalation[] {
  const byRule = new Map<Rule, ParcelEvent[]>();
  for (const event of events) {
    const head = readHead(event);
    const rule = head && ruleFor(rules, head.type);
    if (rule === undefined) continue;
    const matched = byRule.get(rule);
    if (matched === undefined) byRule.set(rule, [event]);
    else matched.push(event);
  }
  const plan = [...byRule].flatMap(([rule, matched]) => {
    const batches = cutBatches(matched, Math.min(BATCH_MAX_MS, rule.afterMs * BATCH_RATIO));
    return rule.sinks.flatMap((sink) =>
      batches.map(({ to, events }) => ({ sink, dueAtMs: offsetTimeMs(to) + rule.afterMs, to, events })),
    );
  });
  return plan.sort((a, b) => a.dueAtMs - b.dueAtMs);
}

/** What is due and what is not yet. */
export interface Dueness {
  readonly due: readonly Escalation[];
  /** When the next one is due; absent where none is left. */
  readonly nextDueAtMs?: number;
}

/** Splits a plan at a time of Redis' clock. */
export function splitDue(plan: readonly Escalation[], nowMs: number): Dueness {
  const due = plan.filter(({ dueAtMs }) => dueAtMs <= nowMs);
  const next = plan.find(({ dueAtMs }) => dueAtMs > nowMs);
  return next === undefined ? { due } : { due, nextDueAtMs: next.dueAtMs };
}

function cutBatches(events: readonly ParcelEvent[], windowMs: number): Pick<Escalation, "to" | "events">[] {
  const batches: { firstMs: number; to: Offset; events: ParcelEvent[] }[] = [];
  for (const event of events) {
    const timeMs = offsetTimeMs(event.offset);
    const last = batches.at(-1);
    if (last !== undefined && timeMs - last.firstMs <= windowMs) {
      last.events.push(event);
      last.to = event.offset;
    } else {
      batches.push({ firstMs: timeMs, to: event.offset, events: [event] });
    }
  }
  return batches;
}
