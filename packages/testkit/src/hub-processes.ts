/**
 * The processes of a hub: gateways and couriers of the built programs, with intervals so short that tests need not wait.
 *
 * Redis is the caller's, and each program may be given a link of its own to it. All share one secret for tokens and one
 * API key, which are here as well. Everything started is added to the caller's list of what to undo.
 */
import { createHmac } from "node:crypto";
import { fileURLToPath } from "node:url";

import { type Program, startProgram } from "./child-program.ts";
import type { CleanUp } from "./clean-up.ts";
import { freePort } from "./free-port.ts";

/** A gateway and where it listens. */
export interface GatewayProcess {
  readonly url: string;
  readonly adminUrl: string;
  readonly program: Program;
}

/** A courier and where its admin port listens. */
export interface CourierProcess {
  readonly adminUrl: string;
  readonly program: Program;
}

/** What the processes of one hub share. */
export interface HubProcessOptions {
  readonly redisUrl: string;
  readonly cleanUp: CleanUp;
  /** Further settings of all programs; they win over the short intervals. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What differs from one process to the next. */
export interface ProcessPlace<P> {
  /** The one whose ports it takes over; that one must be gone. Default: free ports. */
  readonly at?: P | undefined;
  /** Its own way to Redis. Default: the hub's. */
  readonly redisUrl?: string | undefined;
}

/** Starts the processes of one hub. */
export interface HubProcesses {
  startGateway(place?: ProcessPlace<GatewayProcess>): Promise<GatewayProcess>;
  startCourier(place?: ProcessPlace<CourierProcess>): Promise<CourierProcess>;
}

const APPS = new URL("../../../apps/", import.meta.url);
const SECRET = "a secret of the tests, long enough";

/** Key of the HTTP API, with the role `publish`. */
export const HUB_API_KEY = "key-of-the-tests";

const SETTINGS = {
  HOST: "127.0.0.1",
  DOORSTEP_JWT_SECRET: SECRET,
  DOORSTEP_API_KEYS: `${HUB_API_KEY}:publish`,
  DOORSTEP_PING_INTERVAL_MS: "500",
  DOORSTEP_HEAD_CHECK_MS: "1000",
  DOORSTEP_GATEWAY_LEASE_MS: "1500",
  DOORSTEP_GRACE_MS: "500",
  DOORSTEP_SWEEP_INTERVAL_MS: "200",
  DOORSTEP_STALLED_INTERVAL_MS: "1000",
  DOORSTEP_DRAIN_MS: "2000",
};

/** Options of Node with which our image starts a gateway; see docs/operations/deploy.md. */
export const GATEWAY_FLAGS: readonly string[] = ["--no-memory-reducer"];

/** Path of a built program of ours, by default its main.js. */
export function programPath(app: string, script = "main.js"): string {
  return fileURLToPath(new URL(`${app}/dist/${script}`, APPS));
}

/** Prepares to start processes; nothing runs yet. */
export function createHubProcesses({ redisUrl, cleanUp, env = {} }: HubProcessOptions): HubProcesses {
  const start = async (
    app: string,
    own: Readonly<Record<string, string>>,
    nodeFlags: readonly string[] = [],
  ): Promise<Program> => {
    const program = await startProgram({
      name: app,
      script: programPath(app),
      nodeFlags,
      env: { REDIS_URL: redisUrl, ...SETTINGS, ...env, ...own },
      ready: new RegExp(`"msg":"${app} ready"`),
    });
    cleanUp.add(() => program.stop());
    return program;
  };
  return {
    async startGateway({ at, redisUrl: link = redisUrl } = {}) {
      const port = await portOf(at?.url);
      const adminPort = await portOf(at?.adminUrl);
      const own = { REDIS_URL: link, PORT: String(port), DOORSTEP_ADMIN_PORT: String(adminPort) };
      const program = await start("gateway", own, GATEWAY_FLAGS);
      return { url: `http://127.0.0.1:${port}`, adminUrl: `http://127.0.0.1:${adminPort}`, program };
    },
    async startCourier({ at, redisUrl: link = redisUrl } = {}) {
      const adminPort = await portOf(at?.adminUrl);
      const program = await start("courier", { REDIS_URL: link, DOORSTEP_ADMIN_PORT: String(adminPort) });
      return { adminUrl: `http://127.0.0.1:${adminPort}`, program };
    },
  };
}

/** Signs a token for a user of such a hub. @default good for 600 s */
export function signHubToken(userId: string, lifetimeS = 600): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  const exp = Math.floor(Date.now() / 1_000) + lifetimeS;
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ sub: userId, exp })}`;
  return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
}

async function portOf(url: string | undefined): Promise<number> {
  return url === undefined ? freePort() : Number(new URL(url).port);
}
