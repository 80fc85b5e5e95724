/** Settings of the programs that are measured: their own defaults, which the harness has shorter, and what is switched off. */

/** Longer than any measurement: what comes so seldom does not count. */
const NEVER_MS = "3600000";

export const DEFAULTS = {
  NODE_ENV: "production",
  DOORSTEP_PING_INTERVAL_MS: "25000",
  DOORSTEP_HEAD_CHECK_MS: "5000",
  DOORSTEP_GATEWAY_LEASE_MS: "15000",
  DOORSTEP_GRACE_MS: "10000",
  DOORSTEP_SWEEP_INTERVAL_MS: "2000",
  DOORSTEP_STALLED_INTERVAL_MS: "30000",
};

/** Gateways that neither ping nor check. */
export const QUIET = { ...DEFAULTS, DOORSTEP_PING_INTERVAL_MS: NEVER_MS, DOORSTEP_HEAD_CHECK_MS: NEVER_MS };

/** Redis does not compact its file meanwhile. */
export const REDIS_ARGS = ["--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0"];
