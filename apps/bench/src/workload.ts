/** A workload: what is done to a target, and which figures come of it. */
import type { CleanUp, Figure } from "@doorstep/testkit";

import type { Series } from "./result.ts";
import type { Stage } from "./stage.ts";
import type { Target } from "./target.ts";

export interface Workload {
  /** What it is called on the command line. */
  readonly name: string;
  /** What is done, with its numbers. */
  readonly title: string;
  /** About how long one run takes with scale 1, for the estimate of the time left. */
  readonly seconds: number;
  /** Why a target cannot take part; undefined where it can. @default all can */
  skips?(target: Target): string | undefined;
  /** Whether a target takes part where none was named. @default all do */
  takesPart?(target: Target): boolean;
  /** Whether it lasts as long as `soakSeconds` says; then one repetition is enough. @default false */
  readonly isSoak?: boolean;
  run(context: WorkloadContext): Promise<Figure[]>;
}

export interface WorkloadContext {
  readonly target: Target;
  /** Counted from 0. */
  readonly repetition: number;
  /** Applies the scale to a number of users or events; 1 at least. */
  readonly count: (full: number) => number;
  /** Applies the scale to a duration; half a second at least. */
  readonly seconds: (full: number) => number;
  /** How long a soak takes, which no scale applies to. */
  readonly soakSeconds: number;
  /** Starts a stage that lasts until the run ends. */
  readonly stage: (servers: number) => Promise<Stage>;
  /** Runs something with a stage of its own, which ends with it. */
  readonly withStage: <T>(servers: number, body: (stage: Stage) => Promise<T>) => Promise<T>;
  readonly cleanUp: CleanUp;
  /** Keeps the points of a plot with the result. */
  readonly plot: (series: Series) => void;
  /** Tells whoever watches what is being done. */
  readonly log: (line: string) => void;
}
