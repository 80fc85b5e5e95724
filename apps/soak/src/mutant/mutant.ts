/**
 * What a mutant is: the hub with one repair taken out of its built programs, and the trial in which the checker has to notice.
 *
 * A mutant is data. Each edit replaces a piece of text that stands exactly once in a built file or a Lua script; one that
 * finds nothing to replace throws, so that no mutant can turn into a copy of the hub without a word.
 */
import type { Rule } from "@doorstep/testkit";

/** A piece of text to replace. */
export interface Edit {
  /** Path of a built file or a script, from the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** The run that shows what is missing. */
export interface TrialPlan {
  /** Name of a fault class. */
  readonly fault: string;
  /** How long the load and the faults last, in seconds. */
  readonly seconds: number;
  /** Settings of every program on top of those of the fault. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** As in RunOptions. */
  readonly users?: number;
  readonly away?: number;
  readonly paceMs?: number;
}

/** The hub without one of its repairs. */
export interface Mutant {
  readonly name: string;
  /** What is switched off, for the table. */
  readonly lacks: string;
  readonly edits: readonly Edit[];
  /** Edits that the control has as well: pauses that make an instant long enough to be hit. Default: none. */
  readonly slows?: readonly Edit[];
  readonly plan: TrialPlan;
  /** The rules that may notice; one of them has to. */
  readonly breaks: readonly Rule[];
}

/** Replaces the text of an edit; throws where it does not stand there exactly once. */
export function applyEdit(text: string, { file, find, replace }: Edit): string {
  const [before, after, ...more] = text.split(find);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`${file} has ${text.split(find).length - 1} times instead of once: ${find}`);
  }
  return before + replace + after;
}
