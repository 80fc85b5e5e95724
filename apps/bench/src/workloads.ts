/** All workloads, in the order in which they run. */
import { cut } from "./workload/cut.ts";
import { gateways } from "./workload/gateways.ts";
import { hotUser } from "./workload/hot-user.ts";
import { idle } from "./workload/idle.ts";
import { kill } from "./workload/kill.ts";
import { latency } from "./workload/latency.ts";
import { maximum } from "./workload/maximum.ts";
import { offline } from "./workload/offline.ts";
import { reconnect } from "./workload/reconnect.ts";
import { redisCost } from "./workload/redis-cost.ts";
import { redisRestart } from "./workload/redis-restart.ts";
import { soak } from "./workload/soak.ts";
import { tokens } from "./workload/tokens.ts";
import type { Workload } from "./workload.ts";

export const WORKLOADS: readonly Workload[] = [
  latency,
  maximum,
  redisCost,
  gateways,
  idle,
  tokens,
  hotUser,
  offline,
  reconnect,
  kill,
  cut,
  redisRestart,
  soak,
];
