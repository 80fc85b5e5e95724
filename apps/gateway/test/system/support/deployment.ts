/**
 * A whole hub for a system test: one Redis, gateways and couriers as child processes of the built programs, and the
 * keys to speak to them. Everything ends with `cleanUp.run()`.
 */
import { fileURLToPath } from "node:url";
import { SignJWT } from "jose";
import { connectStore, type Store } from "@doorstep/store";
import { type CleanUp, freePort, type Program, type RedisServer, startProgram, startRedis } from "@doorstep/testkit";

const ROOT = new URL("../../../../../", import.meta.url);
const SECRET = "a secret of the tests, long enough";
const API_KEY = "key-of-the-tests";

/** One gateway process. */
export interface Gateway {
  readonly url: string;
  readonly adminUrl: string;
  readonly program: Program;
}

export interface Deployment {
  readonly redis: RedisServer;
  readonly gateways: readonly Gateway[];
  /** A store of the test's own, to look at the truth. */
  readonly store: Store;
  /** Starts a further gateway, or one at the address of another that is gone. */
  startGateway(at?: Gateway): Promise<Gateway>;
  startCourier(): Promise<Program>;
  /** A token for a user, good for ten minutes. */
  token(userId: string): Promise<string>;
  /** POSTs to a gateway's HTTP API. */
  post(path: string, body: unknown, gateway?: Gateway): Promise<{ status: number; body: unknown }>;
}

export interface DeploymentOptions {
  readonly gateways?: number;
  readonly courier?: boolean;
  /** Further settings of all programs. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Path of a built program. */
export function programPath(app: string): string {
  return fileURLToPath(new URL(`apps/${app}/dist/main.js`, ROOT));
}

/** Starts a hub with short intervals, so that tests do not wait. */
export async function startDeployment(cleanUp: CleanUp, options: DeploymentOptions = {}): Promise<Deployment> {
  const redis = await startRedis();
  cleanUp.add(() => redis.stop());
  const env = {
    REDIS_URL: redis.url,
    HOST: "127.0.0.1",
    DOORSTEP_JWT_SECRET: SECRET,
    DOORSTEP_API_KEYS: `${API_KEY}:publish`,
    DOORSTEP_PING_INTERVAL_MS: "500",
    DOORSTEP_HEAD_CHECK_MS: "1000",
    DOORSTEP_GATEWAY_LEASE_MS: "1500",
    DOORSTEP_GRACE_MS: "500",
    DOORSTEP_SWEEP_INTERVAL_MS: "200",
    DOORSTEP_STALLED_INTERVAL_MS: "1000",
    DOORSTEP_DRAIN_MS: "2000",
    ...options.env,
  };
  const start = async (app: string, more: Record<string, string>): Promise<Program> => {
    const program = await startProgram({
      name: app,
      script: programPath(app),
      env: { ...env, ...more },
      ready: new RegExp(`"msg":"${app} ready"`),
    });
    cleanUp.add(() => program.stop());
    return program;
  };
  const startGateway = async (at?: Gateway): Promise<Gateway> => {
    const port = at === undefined ? await freePort() : Number(new URL(at.url).port);
    const adminPort = at === undefined ? await freePort() : Number(new URL(at.adminUrl).port);
    const program = await start("gateway", { PORT: String(port), DOORSTEP_ADMIN_PORT: String(adminPort) });
    return { url: `http://127.0.0.1:${port}`, adminUrl: `http://127.0.0.1:${adminPort}`, program };
  };
  const gateways = await Promise.all(Array.from({ length: options.gateways ?? 2 }, () => startGateway()));
  const startCourier = async (): Promise<Program> =>
    start("courier", { DOORSTEP_ADMIN_PORT: String(await freePort()) });
  if (options.courier === true) await startCourier();
  const store = await connectStore({ redis: redis.url });
  cleanUp.add(() => store.close());
  return {
    redis,
    gateways,
    store,
    startGateway,
    startCourier,
    token: signToken,
    post: (path, body, gateway = gateways[0]) => postJson(`${gateway?.url ?? ""}${path}`, body),
  };
}

function signToken(userId: string): Promise<string> {
  const key = new TextEncoder().encode(SECRET);
  return new SignJWT({}).setProtectedHeader({ alg: "HS256" }).setSubject(userId).setExpirationTime("10m").sign(key);
}

async function postJson(url: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

/** Reads one metric of a program's admin port; the sum over all label sets that match. */
export async function readMetric(adminUrl: string, name: string, label = ""): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(name) && /^[ {]/.test(line.slice(name.length)));
  return lines.filter((line) => line.includes(label)).reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}
