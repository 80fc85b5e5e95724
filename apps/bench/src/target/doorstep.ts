/**
 * Doorstep: gateways and a courier as in production. The courier belongs to it: without one nothing is held, and it looks
 * through Redis whether or not somebody is away.
 */
import { connectStore } from "@doorstep/store";
import { createHubProcesses, eventually, type GatewayProcess } from "@doorstep/testkit";

import type { DeployOptions, Deployment, Server, Target } from "../target.ts";

/** The programs' own defaults, which the harness has shorter. */
const DEFAULTS = {
  NODE_ENV: "production",
  DOORSTEP_PING_INTERVAL_MS: "25000",
  DOORSTEP_HEAD_CHECK_MS: "5000",
  DOORSTEP_GATEWAY_LEASE_MS: "15000",
  DOORSTEP_GRACE_MS: "10000",
  DOORSTEP_SWEEP_INTERVAL_MS: "2000",
  DOORSTEP_STALLED_INTERVAL_MS: "30000",
};

const HOLD_TIMEOUT_MS = 120_000;
const HOLD_LOOK_MS = 500;

export const doorstep: Target = {
  name: "doorstep",
  title: "Doorstep",
  guarantee: "at least once, in order, held for days",
  keeps: "days",
  protocol: "doorstep",
  start,
};

async function start({ redisUrl, servers: count, cleanUp }: DeployOptions): Promise<Deployment> {
  const processes = createHubProcesses({ redisUrl, cleanUp, env: DEFAULTS });
  const courier = await processes.startCourier();
  const servers: Server[] = [];
  const startServer = async (): Promise<Server> => {
    const server = toServer(await processes.startGateway());
    servers.push(server);
    return server;
  };
  await Promise.all(Array.from({ length: count }, startServer));
  return {
    servers,
    companions: { courier: [courier.program.pid] },
    untilHeld: () => untilHeld(redisUrl),
    startServer,
  };
}

/** Nobody is due any more: a courier has put into parcels whatever was not acknowledged within the grace period. */
async function untilHeld(redisUrl: string): Promise<void> {
  const store = await connectStore({ redis: redisUrl });
  try {
    const partitions = Array.from({ length: store.partitions }, (_, partition) => partition);
    const isHeld = async (): Promise<boolean> => (await store.custody.due(partitions, Infinity, 1)).length === 0;
    await eventually(isHeld, {
      timeoutMs: HOLD_TIMEOUT_MS,
      intervalMs: HOLD_LOOK_MS,
      message: "users wait outside parcels",
    });
  } finally {
    await store.close();
  }
}

function toServer({ url, adminUrl, program }: GatewayProcess): Server {
  const { name, pid } = program;
  return { name, url, pid, metricsUrl: `${adminUrl}/metrics`, kill: (signal) => program.kill(signal) };
}
