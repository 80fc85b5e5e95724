/** All workloads, in the order in which they run. */
import { gateways } from "./workload/gateways.ts";
import { latency } from "./workload/latency.ts";
import { maximum } from "./workload/maximum.ts";
import type { Workload } from "./workload.ts";

export const WORKLOADS: readonly Workload[] = [latency, maximum, gateways];
