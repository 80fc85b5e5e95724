/** What every Doorstep program shares: settings, logs, metrics, health, shutdown. */

// Settings
export { bytes, durationMs, field, flag, integer, list, oneOf, secret, text, url } from "./config-field.ts";
export type { FieldNotes, IntegerLimits } from "./config-field.ts";
export { commonConfig, hostAddress, portNumber, redisUrl } from "./common-config.ts";
export { ConfigError, describeConfig, envName, loadConfig, requireThat } from "./config.ts";
export type { ConfigSchema, Environment, LoadOptions, Rule, SettingRow } from "./config.ts";
export { renderConfig, renderHelp } from "./config-text.ts";

// Logs
export { createLogger, describeThrown, LOG_LEVELS } from "./logger.ts";
export type { LoggedError, Logger, LoggerOptions, LogLevel } from "./logger.ts";
export { maskUrls } from "./mask.ts";

// Metrics and health
export { beforeReading, createRegistry, defineMetrics, LATENCY_BUCKETS_S, metricRows } from "./metrics.ts";
export type { MetricDescription, MetricRow, Metrics, MetricTable, Registry } from "./metrics.ts";
export { startAdminServer } from "./admin-server.ts";
export type { AdminPages, AdminServer, AdminServerOptions, ReadyReport } from "./admin-server.ts";
export { listen } from "./listen.ts";
export type { ListenOptions } from "./listen.ts";

// Life
export { EXIT_CONFIG, runMain } from "./run-main.ts";
export type { MainConfig, MainContext, MainOptions, MainProcess, MainSchema } from "./run-main.ts";
export { Shutdown, SHUTDOWN_PHASES } from "./shutdown.ts";
export type { ProcessLike, ShutdownOptions, ShutdownPhase } from "./shutdown.ts";
