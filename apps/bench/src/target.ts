/**
 * A target: one of the systems that are measured beside each other.
 *
 * A target starts its servers on a Redis that is there. How its clients speak is `protocol` (client/wires.ts has one wire for
 * each), and how events are published has the target's name in publisher/publishers.ts.
 */
import type { CleanUp } from "@doorstep/testkit";

export type Protocol = "doorstep" | "socket.io" | "mqtt" | "centrifugo";

export interface Target {
  /** What it is called on the command line. */
  readonly name: string;
  readonly title: string;
  /** What it promises about an event, in a few words. */
  readonly guarantee: string;
  /** Whether a user who was away for a while gets what came meanwhile. */
  readonly keeps: "nothing" | "minutes" | "days";
  readonly protocol: Protocol;
  /** Why it cannot run on this machine; undefined where it can. @default it can */
  absent?(): string | undefined;
  start(options: DeployOptions): Promise<Deployment>;
}

export interface DeployOptions {
  readonly redisUrl: string;
  /** How many servers to begin with. */
  readonly servers: number;
  readonly cleanUp: CleanUp;
}

/** A target that runs. */
export interface Deployment {
  /** Those that clients connect to, in the order of their start, also those that were killed. */
  readonly servers: readonly Server[];
  /** Where events are published. @default in Redis */
  readonly publishTo?: readonly string[];
  /** Processes beside them, by role, such as Doorstep's courier. */
  readonly companions: Readonly<Record<string, readonly number[]>>;
  /** Resolves once everything for users who are away is where it waits for them. @default it is at once */
  untilHeld?(): Promise<void>;
  /** Starts one more. */
  startServer(): Promise<Server>;
}

/** One process that clients connect to. */
export interface Server {
  readonly name: string;
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly pid: number;
  /** Where its metrics are, as Prometheus reads them. @default nowhere */
  readonly metricsUrl?: string;
  /** @default "SIGKILL" */
  kill(signal?: NodeJS.Signals): Promise<void>;
}
