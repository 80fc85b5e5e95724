/**
 * The part of docs/operations/benchmarks.md that is written by the benchmark: between two marks. What stands around it is
 * written by people and is left alone.
 */
import { WORKLOADS } from "../workloads.ts";
import { toGoalTable } from "./goal.ts";
import type { Merged, Session, SessionRun } from "./merge.ts";
import { toWorkloadTable } from "./workload-table.ts";

const BEGIN = "<!-- figures: written by the benchmark's report -->";
const END = "<!-- end of figures -->";

/** Options that make a run smaller than the full one. */
const PART = /--(?:scale|seconds) \S+/g;

/** Which plot belongs to which workload, and what it shows. */
const PLOTS: Readonly<Record<string, readonly [file: string, text: string]>> = {
  latency: ["latency.svg", "how late events are, by target"],
  gateways: ["gateways.svg", "CPU per event with 1, 2, 4 and 8 gateways, by target"],
  soak: ["memory.svg", "memory over time, by role"],
};

export interface Figures {
  readonly merged: Merged;
  /** Files of the plots that there are. */
  readonly plots: ReadonlySet<string>;
}

/** Puts the figures into the page; throws where it has no place for them. */
export function writePage(page: string, figures: Figures): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`the page has no place for figures, between ${BEGIN} and ${END}`);
  return `${page.slice(0, from + BEGIN.length)}\n\n${toText(figures)}\n${page.slice(to)}`;
}

function toText({ merged, plots }: Figures): string {
  const { sessions, runs } = merged;
  const names = [...new Set(runs.map(({ workload }) => workload))];
  const order = WORKLOADS.map(({ name }) => name);
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  const ordered = names.toSorted((a, b) => place(a) - place(b));
  return [
    "## What was to be shown",
    "",
    ...caveat(sessions),
    toGoalTable(merged),
    "",
    "## Machine, versions, commands",
    "",
    ...sessions.flatMap(describe),
    ...ordered.flatMap((name) =>
      section(
        name,
        runs.filter(({ workload }) => workload === name),
        plots,
      ),
    ),
  ].join("\n");
}

/** What is said of sessions with a part of the load. */
function caveat(sessions: readonly Session[]): string[] {
  const parts = sessions.flatMap(({ command }, index) => {
    const options = command.match(PART) ?? [];
    return options.length === 0 ? [] : [`session ${index + 1} had \`${options.join(" ")}\``];
  });
  return parts.length === 0 ? [] : [`Not the full benchmark: ${parts.join(", ")}.`, ""];
}

/** Machine and versions are told once, and again where they are others. */
function describe(session: Session, index: number, sessions: readonly Session[]): string[] {
  const { command, startedAt, absent = [] } = session;
  const before = sessions[index - 1];
  const isSame = before !== undefined && placeOf(before) === placeOf(session);
  return [
    `Session ${index + 1}, ${startedAt}:`,
    "",
    "```sh",
    command,
    "```",
    "",
    ...(isSame ? [] : [placeOf(session), ""]),
    ...absent.flatMap(({ name, reason }) => [`Left out: ${name}, since there is ${reason}.`, ""]),
  ];
}

function placeOf({ machine, versions }: Session): string {
  const { cpu, cores, memoryGb, system } = machine;
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${cpu}, ${cores} cores, ${memoryGb} GB, ${system}; ${software.join(", ")}.`;
}

function section(name: string, runs: readonly SessionRun[], plots: ReadonlySet<string>): string[] {
  const title = WORKLOADS.find((workload) => workload.name === name)?.title ?? "";
  const [file = "", text = ""] = PLOTS[name] ?? [];
  const repetitions = Math.max(...runs.map(({ repetition }) => repetition + 1));
  const sessions = [...new Set(runs.map(({ session }) => session + 1))];
  const failed = runs.flatMap(({ target, repetition, error }) =>
    error === undefined ? [] : [`- ${target}, repetition ${repetition + 1}: ${error.replaceAll(/\s+/g, " ")}`],
  );
  return [
    `## ${name}`,
    "",
    `${title === "" ? "" : `${title}. `}Repetitions: ${repetitions}.`,
    ...(sessions.length > 1
      ? [`Its columns were measured in sessions ${sessions.join(" and ")}, not side by side.`]
      : []),
    "",
    toWorkloadTable(runs),
    "",
    ...(plots.has(file) ? [`![${text}](benchmarks/${file})`, ""] : []),
    ...(failed.length > 0 ? ["What failed:", "", ...failed, ""] : []),
  ];
}
