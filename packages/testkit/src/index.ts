/** Real Redis, processes and browsers, polling, and the checker of fault runs: what tests and the local start are made of. */
export { type ActorOptions, runActor, startActor } from "./actor.ts";
export { findChromium, type FindChromiumOptions, launchBrowser } from "./browser.ts";
export { type Bounds } from "./checker/bounded.ts";
export { check, type CheckOptions } from "./checker/check.ts";
export {
  type AckedOperation,
  type ArrivalOperation,
  type ConnectedOperation,
  type CustodyLine,
  type Delivery,
  type DeviceOperation,
  type DisconnectedOperation,
  type FaultOperation,
  type GapOperation,
  type GapReason,
  type KeptOperation,
  type LogOperation,
  type Operation,
  type PublishOperation,
  type ReadyOperation,
  type SampleOperation,
  type StoredEvent,
} from "./checker/history.ts";
export { formatVerdict, isClean } from "./checker/report.ts";
export { type Finding, type Rule, RULES, type RuleVerdict, type Tally, type Verdict } from "./checker/verdict.ts";
export { type Exit, type LogLine } from "./child.ts";
export { type Program, type ProgramOptions, startProgram } from "./child-program.ts";
export { type CleanUp, createCleanUp } from "./clean-up.ts";
export { type Environment } from "./environment.ts";
export { eventually, type EventuallyOptions } from "./eventually.ts";
export {
  type Figure,
  isReached,
  type Limit,
  median,
  NEVER,
  quantile,
  summarize,
  type Summary,
  toTable,
} from "./figure.ts";
export { freePort } from "./free-port.ts";
export {
  type CourierProcess,
  createHubProcesses,
  type GatewayProcess,
  HUB_API_KEY,
  type HubProcesses,
  type HubProcessOptions,
  type ProcessPlace,
  GATEWAY_FLAGS,
  programPath,
  signHubToken,
} from "./hub-processes.ts";
export { readCpuS, readMemory, watchCpu } from "./process-figure.ts";
export { aofBytes, cutAof } from "./redis-aof.ts";
export { findRedisServer, type FindOptions } from "./redis-binary.ts";
export { redisCall, type RedisReply } from "./redis-call.ts";
export { type ClusterOptions, type RedisCluster, startCluster } from "./redis-cluster.ts";
export { type RedisServer } from "./redis-process.ts";
export { type RedisSentinel, startSentinel } from "./redis-sentinel.ts";
export { type RedisOptions, startRedis } from "./redis-server.ts";
export { type Log } from "./system-package.ts";
export { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";
