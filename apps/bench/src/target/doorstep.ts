/**
 * Doorstep: gateways and a courier as in production. The courier belongs to it: without one nothing is held, and it looks
 * through Redis whether or not somebody is away.
 */
import { createHubProcesses, type GatewayProcess } from "@doorstep/testkit";

import type { DeployOptions, Deployment, Server, Target } from "../target.ts";

/** The programs' own defaults, which the harness has shorter. */
const DEFAULTS = {
  NODE_ENV: "production",
  DOORSTEP_PING_INTERVAL_MS: "25000",
  DOORSTEP_HEAD_CHECK_MS: "5000",
  DOORSTEP_GATEWAY_LEASE_MS: "15000",
  DOORSTEP_GRACE_MS: "10000",
  DOORSTEP_SWEEP_INTERVAL_MS: "1000",
  DOORSTEP_STALLED_INTERVAL_MS: "30000",
};

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
  return { servers, companions: { courier: [courier.program.pid] }, startServer };
}

function toServer({ url, program }: GatewayProcess): Server {
  return { name: program.name, url, pid: program.pid, kill: (signal) => program.kill(signal) };
}
