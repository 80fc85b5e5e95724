/** What a fault is: something that breaks a part of the hub and mends it again, and what may be lost by it. */
import type { CleanUp, Operation } from "@doorstep/testkit";

import type { History } from "./history.ts";
import type { SoakHub } from "./hub.ts";
import type { Random } from "./random.ts";
import type { Topology } from "./redis.ts";
import type { Workload } from "./workload.ts";

/** What a fault works on. */
export interface FaultContext {
  readonly hub: SoakHub;
  readonly workload: Workload;
  readonly history: History;
  /** For what has to outlive the fault. */
  readonly cleanUp: CleanUp;
}

/** A class of faults. */
export interface Fault {
  readonly name: string;
  /** What it does, for the report: a verb in the third person. */
  readonly does: string;
  /** @default "standalone" */
  readonly topology?: Topology;
  /** Whether links to Redis go through proxies. @default false */
  readonly needsProxies?: boolean;
  /** How acknowledged writes may be lost; every affected device must be told. Default: nothing may. */
  readonly lossy?: "failover" | "aof";
  /** How many events a log keeps: few, where parcels are to be read. @default 1000 */
  readonly logMaxEvents?: number;
  /** The most memory that a program of the hub may ever use, in bytes. Default: what all classes have to keep to. */
  readonly rssCapBytes?: number;
  /** Further settings of every program of the hub, and of the publisher process. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** The same for one program, by its name: `gateway-0`, `courier-1`, `publisher`. Default: none. */
  readonly ownEnv?: (program: string) => Readonly<Record<string, string>>;
  /** Whether some events to users who are away expire within seconds. @default false */
  readonly expiring?: boolean;
  /** Breaks something, and mends it before it resolves. */
  run(context: FaultContext, random: Random): Promise<void>;
  /** What a history lacks that a run of this fault has to show, or it proves nothing. Default: nothing. */
  lacks?(history: readonly Operation[]): string | undefined;
}
