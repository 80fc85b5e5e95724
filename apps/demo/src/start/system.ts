/**
 * The plan of the local system: two gateways, a courier and the demo server on one Redis, all on this machine only.
 * Secrets are made anew at each start; nobody needs to know them.
 */
import { randomBytes } from "node:crypto";
import { freePort } from "@doorstep/testkit";
import type { ProgramPlan } from "./program.ts";

/** What the system is made for. */
export interface SystemSettings {
  readonly redisUrl: string;
  /** Port of the page. */
  readonly port: number;
  /** Folder the agent answers questions about; absent: this repository. */
  readonly folder: string | undefined;
}

/** Short, so that one can watch undelivered events being taken into custody. */
const GRACE_MS = "3000";
const HOST = "127.0.0.1";

/** Plans the programs in the order they are started. */
export async function planSystem({ redisUrl, port, folder }: SystemSettings): Promise<ProgramPlan[]> {
  const [first, firstAdmin, second, secondAdmin, courierAdmin] = await freePort(5);
  const jwtSecret = randomBytes(32).toString("hex");
  const common = { NODE_ENV: "production", HOST, REDIS_URL: redisUrl, DOORSTEP_GRACE_MS: GRACE_MS };
  const gateway = (name: string, gatewayPort = 0, adminPort = 0): ProgramPlan => ({
    name,
    about: "holds browsers",
    url: `http://localhost:${gatewayPort}`,
    script: "apps/gateway/dist/main.js",
    readyUrl: `http://${HOST}:${adminPort}/readyz`,
    env: {
      ...common,
      PORT: String(gatewayPort),
      DOORSTEP_ADMIN_PORT: String(adminPort),
      DOORSTEP_JWT_SECRET: jwtSecret,
      DOORSTEP_API_KEYS: `${randomBytes(24).toString("hex")}:publish`,
      DOORSTEP_ALLOWED_ORIGINS: `http://localhost:${port},http://${HOST}:${port}`,
      DOORSTEP_DRAIN_MS: "1000",
    },
  });
  const courier: ProgramPlan = {
    name: "courier",
    about: "keeps what nobody was there to receive",
    script: "apps/courier/dist/main.js",
    readyUrl: `http://${HOST}:${courierAdmin}/readyz`,
    env: { ...common, DOORSTEP_ADMIN_PORT: String(courierAdmin) },
  };
  const gateways = [gateway("gateway-1", first, firstAdmin), gateway("gateway-2", second, secondAdmin)];
  const demo: ProgramPlan = {
    name: "demo",
    about: "the agent and its page",
    url: `http://localhost:${port}`,
    script: "apps/demo/dist/main.js",
    readyUrl: `http://${HOST}:${port}/`,
    env: {
      ...common,
      PORT: String(port),
      DOORSTEP_JWT_SECRET: jwtSecret,
      DOORSTEP_GATEWAY_URLS: gateways.map((plan) => plan.url).join(","),
      DOORSTEP_DEMO_FOLDER: folder,
    },
  };
  return [...gateways, courier, demo];
}
