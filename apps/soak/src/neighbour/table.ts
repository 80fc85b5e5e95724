/** Figures in words: one table a repetition, and one of their medians. */
import type { PhaseFigures } from "./neighbour.ts";
import { type Phase, PHASES, type Repetition } from "./repetition.ts";

/** Beyond which a slow client is felt by others. */
const MAX_RATIO = 2;
const MAX_GROWTH_MB = 16;

const DOES: Record<Phase, string> = {
  alone: "nothing else",
  reading: "a client that reads the same",
  stopped: "a client that stopped reading",
  again: "that client reads again",
};

/** The repetition in the middle, figure by figure; of what arrived the least. */
export function summarize(repetitions: readonly Repetition[]): Repetition {
  const pick = (read: (repetition: Repetition) => number): number => median(repetitions.map(read));
  const phaseOf = (phase: Phase): PhaseFigures => ({
    p50Ms: pick(({ phases }) => phases[phase].p50Ms),
    p99Ms: pick(({ phases }) => phases[phase].p99Ms),
    growthMb: pick(({ phases }) => phases[phase].growthMb),
  });
  return {
    phases: Object.fromEntries(PHASES.map((phase) => [phase, phaseOf(phase)])) as Record<Phase, PhaseFigures>,
    arrived: Math.min(...repetitions.map(({ arrived }) => arrived)),
    published: Math.max(...repetitions.map(({ published }) => published)),
    gaps: Math.max(...repetitions.map(({ gaps }) => gaps)),
  };
}

/** Whether a stopped client harms neither its neighbour nor the gateway, and misses nothing that it is not told of. */
export function isGood(repetition: Repetition): boolean {
  const { phases, arrived, published, gaps } = repetition;
  const isComplete = arrived === published || gaps > 0;
  return isComplete && ratioOf(repetition, "stopped") <= MAX_RATIO && phases.stopped.growthMb < MAX_GROWTH_MB;
}

/** Writes a table in Markdown. */
export function toTable(title: string, repetition: Repetition): string {
  const { phases, arrived, published, gaps } = repetition;
  const rows = PHASES.map((phase) => {
    const { p50Ms, p99Ms, growthMb } = phases[phase];
    const cells = [p50Ms, p99Ms, ratioOf(repetition, phase), growthMb].map((cell) => cell.toFixed(2));
    return `| ${[DOES[phase], ...cells].join(" | ")} |`;
  });
  return [
    `${title}: the stopped client got ${arrived} of ${published} events in order, ${gaps} gaps`,
    "| beside the neighbour | p50 ms | p99 ms | p99 to alone | gateway grew by MB |",
    "|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function ratioOf({ phases }: Repetition, phase: Phase): number {
  return phases[phase].p99Ms / phases.alone.p99Ms;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
