/** The hub of one measurement: a fresh Redis, one gateway, and a courier when it is asked for, with default settings. */
import {
  type CleanUp,
  type CourierProcess,
  createCleanUp,
  createHubProcesses,
  type GatewayProcess,
  type RedisServer,
  startRedis,
} from "@doorstep/testkit";
import { connectStore, type Store } from "@doorstep/store";

export interface OfflineHub {
  readonly redis: RedisServer;
  readonly store: Store;
  readonly gateway: GatewayProcess;
  readonly cleanUp: CleanUp;
  readonly logMaxEvents: number;
  startCourier(): Promise<CourierProcess>;
}

/** How long events wait before they are to be held: the default. */
export const GRACE_MS = 10_000;
/** Events a log keeps for devices that resume: the default, and so few that all the others are in parcels alone. */
export const LOG_DEFAULT = 1_000;
export const LOG_LEAST = 1;

/** Redis does not compact its file meanwhile: that hits one phase or another. */
const REDIS_ARGS = ["--auto-aof-rewrite-percentage", "0"];
/** The programs' own defaults, which the harness has shorter. */
const DEFAULTS = {
  DOORSTEP_PING_INTERVAL_MS: "25000",
  DOORSTEP_HEAD_CHECK_MS: "5000",
  DOORSTEP_GATEWAY_LEASE_MS: "15000",
  DOORSTEP_GRACE_MS: String(GRACE_MS),
  DOORSTEP_SWEEP_INTERVAL_MS: "2000",
  DOORSTEP_STALLED_INTERVAL_MS: "30000",
};

/** Starts a hub, runs `body` with it and ends everything that was started. */
export async function withHub<T>(logMaxEvents: number, body: (hub: OfflineHub) => Promise<T>): Promise<T> {
  const cleanUp = createCleanUp();
  try {
    const redis = await startRedis({ args: REDIS_ARGS });
    cleanUp.add(() => redis.stop());
    const env = { ...DEFAULTS, DOORSTEP_LOG_MAX_EVENTS: String(logMaxEvents) };
    const processes = createHubProcesses({ redisUrl: redis.url, cleanUp, env });
    const gateway = await processes.startGateway();
    const store = await connectStore({ redis: redis.url });
    cleanUp.add(() => store.close());
    return await body({ redis, store, gateway, cleanUp, logMaxEvents, startCourier: () => processes.startCourier() });
  } finally {
    await cleanUp.run();
  }
}
