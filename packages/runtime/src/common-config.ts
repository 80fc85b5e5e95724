/**
 * The settings that every Doorstep program has, to be spread into its schema:
 *
 *   export const schema = z.object({ ...commonConfig({ adminPort: 9090 }), port: ..., ... });
 *
 * REDIS_URL is checked for its shape only; packages/store connects with it.
 */

import { durationMs, field, integer, oneOf } from "./config-field.ts";
import { LOG_LEVELS } from "./logger.ts";

const HOST = String.raw`(?:\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::\d{1,5})?`;
const TAIL = String.raw`(?:/[^\s?]*)?(?:\?\S*)?$`;
const ONE_REDIS = new RegExp(String.raw`^rediss?://(?:[^\s@]*@)?${HOST}${TAIL}`);
const MANY_REDIS = new RegExp(String.raw`^rediss?\+(?:sentinel|cluster)://(?:[^\s@]*@)?${HOST}(?:,${HOST})*${TAIL}`);

/** Reads the address of a Redis: standalone, `+sentinel` or `+cluster`, the last two with one or more hosts. */
export function redisUrl() {
  return field({
    expects: "redis[s]://host:port, redis[s]+sentinel://host:port,.../name or redis[s]+cluster://host:port,...",
    parse: (value) => (ONE_REDIS.test(value) || MANY_REDIS.test(value) ? value : undefined),
  });
}

/** Reads an address or a host name to listen on. */
export function hostAddress() {
  return field({
    expects: "an address or a host name",
    parse: (value) => (/^[\w.:-]+$/.test(value) ? value : undefined),
  });
}

/** Reads a TCP port; 0 takes any free one. */
export function portNumber() {
  return integer({ min: 0, max: 65_535 });
}

/** Creates the shared settings; `adminPort` is the program's own default. */
export function commonConfig({ adminPort }: { adminPort: number }) {
  return {
    redisUrl: redisUrl()
      .default("redis://127.0.0.1:6379")
      .describe("The Redis that all programs share: standalone, Sentinel or Cluster."),
    host: hostAddress().default("0.0.0.0").describe("Address to listen on."),
    adminHost: hostAddress()
      .optional()
      .describe("Address the admin port listens on, where it shall differ from HOST. Never route it to the internet."),
    adminPort: portNumber().default(adminPort).describe("Port of /healthz, /readyz and /metrics; 0 takes a free one."),
    logLevel: oneOf(LOG_LEVELS).default("info").describe("Least level that is logged."),
    shutdownTimeoutMs: durationMs({ min: 1 })
      .default(30_000)
      .describe("Milliseconds a shutdown may take after SIGTERM; then the program exits with 1."),
  };
}
