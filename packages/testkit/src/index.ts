/** Real Redis, real processes, real browsers and polling: what tests are written with and the local start is made of. */
export { findChromium, type FindChromiumOptions, launchBrowser } from "./browser.ts";
export { type Exit, type LogLine } from "./child.ts";
export { type Program, type ProgramOptions, startProgram } from "./child-program.ts";
export { type CleanUp, createCleanUp } from "./clean-up.ts";
export { type Environment } from "./environment.ts";
export { eventually, type EventuallyOptions } from "./eventually.ts";
export { freePort } from "./free-port.ts";
export { findRedisServer, type FindOptions } from "./redis-binary.ts";
export { redisCall, type RedisReply } from "./redis-call.ts";
export { type ClusterOptions, type RedisCluster, startCluster } from "./redis-cluster.ts";
export { type RedisServer } from "./redis-process.ts";
export { type RedisSentinel, startSentinel } from "./redis-sentinel.ts";
export { type RedisOptions, startRedis } from "./redis-server.ts";
export { type Log } from "./system-package.ts";
