/**
 * The gate: what an event costs in commands, bytes and frames, compared with what was accepted before (apps/bench/gate.json).
 *
 * These figures are counted, not timed: they are the same on a slow machine and on a busy one. A figure may be a tenth above
 * what was accepted. One with a limit of its own is judged by that, and nobody can accept more.
 */
import type { Figure } from "@doorstep/testkit";

/** Figures by name, as they were accepted. */
export type Accepted = Readonly<Record<string, number>>;

/** Which share above what was accepted is let through: Redis versions and digits of counters make some of it. */
const MARGIN = 0.1;
const PRECISION = 3;
const HOW_TO_ACCEPT = "If the growth is meant, accept it with: npm run bench -- --gate --accept";

/** Tells each figure that grew, each that nobody accepted yet, and each that is gone; nothing where the gate is passed. */
export function judgeGate(figures: readonly Figure[], accepted: Accepted): string[] {
  const names = new Set(figures.map(({ name }) => name));
  const gone = Object.keys(accepted).filter((name) => !names.has(name));
  return [
    ...figures.flatMap((figure) => judge(figure, accepted[figure.name])),
    ...gone.map((name) => `${name}: is accepted but not measured any more`),
  ];
}

/** Puts problems into one message that says what to do. */
export function toMessage(problems: readonly string[]): string {
  return ["the gate of apps/bench is closed:", ...problems.map((problem) => `- ${problem}`), HOW_TO_ACCEPT].join("\n");
}

/** What to keep as accepted; figures with a limit of their own are not among it. */
export function toAccepted(figures: readonly Figure[]): Accepted {
  const own = figures.filter(({ limit }) => limit === undefined);
  return Object.fromEntries(own.map(({ name, value }) => [name, Number(value.toPrecision(PRECISION))]));
}

/** Writes the figures beside what was accepted, as a table in Markdown. */
export function toGateTable(figures: readonly Figure[], accepted: Accepted): string {
  const rows = figures.map(({ name, unit, value, limit }) => {
    const known = accepted[name];
    const change = known === undefined ? "" : percent(value / known - 1);
    const most = limit === undefined ? (known ?? "") : `at most ${limit.value}`;
    return `| ${[unit === "" ? name : `${name}, ${unit}`, format(value), most, change].join(" | ")} |`;
  });
  return ["| figure | measured | accepted | change |", "|---|---|---|---|", ...rows].join("\n");
}

function judge({ name, value, limit }: Figure, accepted: number | undefined): string[] {
  if (limit !== undefined) {
    return value <= limit.value ? [] : [`${name}: ${format(value)} where at most ${limit.value} is promised`];
  }
  if (accepted === undefined) return [`${name}: ${format(value)}, which nobody accepted yet`];
  // Not "greater than": what could not be measured does not pass either.
  if (value <= accepted * (1 + MARGIN)) return [];
  const growth = percent(value / accepted - 1);
  return [`${name}: ${format(value)} where ${accepted} was accepted, ${growth} (up to ${percent(MARGIN)} passes)`];
}

function percent(share: number): string {
  return `${share < 0 ? "" : "+"}${(share * 100).toFixed(1)} %`;
}

function format(value: number): string {
  return String(Number(value.toPrecision(PRECISION)));
}
