/** Results as they are kept: JSON with machine, versions and command, so that figures can be compared and repeated. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { promisify } from "node:util";
import type { Figure } from "@doorstep/testkit";
import { findRedisServer } from "@doorstep/testkit";

export interface BenchResult {
  readonly machine: Machine;
  /** Of Doorstep, Node, Redis, and of each package that takes part. */
  readonly versions: Readonly<Record<string, string>>;
  readonly command: string;
  /** RFC 3339. */
  readonly startedAt: string;
  /** Targets that this machine has not, and what is missing for each. @default none */
  readonly absent?: readonly { readonly name: string; readonly reason: string }[];
  readonly results: readonly RunResult[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
}

/** One repetition of one workload on one target. */
export interface RunResult {
  readonly workload: string;
  readonly target: string;
  /** Counted from 0. */
  readonly repetition: number;
  readonly figures: readonly Figure[];
  readonly series: readonly Series[];
  /** Why there are no figures. */
  readonly error?: string;
}

/** Points of a plot, such as the distribution of latency or memory over time. */
export interface Series {
  readonly name: string;
  /** Names and units of both axes. */
  readonly x: string;
  readonly y: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const BYTES_PER_GB = 1_024 ** 3;

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / BYTES_PER_GB),
    // Without what distributions and clouds add to the number.
    system: `${type()} ${/^\d+\.\d+/.exec(release())?.[0] ?? "?"}`,
  };
}

/** Reads the versions; of packages those that this one depends on, which are exact. */
export async function readVersions(env: Readonly<Record<string, string | undefined>>): Promise<Record<string, string>> {
  const text = await readFile(new URL("../package.json", import.meta.url), "utf8");
  const { version, dependencies } = JSON.parse(text) as { version: string; dependencies: Record<string, string> };
  const others = Object.entries(dependencies).filter(([name]) => !name.startsWith("@doorstep/"));
  const redis = await promisify(execFile)(await findRedisServer({ env }), ["--version"]);
  return {
    doorstep: version,
    node: process.version,
    redis: /v=(\S+)/.exec(redis.stdout)?.[1] ?? "unknown",
    ...Object.fromEntries(others),
  };
}
