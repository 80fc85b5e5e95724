/**
 * A whole hub for a system test: gateways and couriers as child processes of the built programs, the Redis they share, and
 * the keys to speak to them. Everything ends with `cleanUp.run()`.
 */
import { connectStore, type Store } from "@doorstep/store";
import {
  type CleanUp,
  createHubProcesses,
  type GatewayProcess,
  HUB_API_KEY,
  type Program,
  type RedisServer,
  signHubToken,
  startRedis,
} from "@doorstep/testkit";

/** One gateway process. */
export type Gateway = GatewayProcess;

export interface Deployment {
  readonly redisUrl: string;
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

/** A hub with one server of Redis that is its own. */
export interface OwnDeployment extends Deployment {
  readonly redis: RedisServer;
}

export interface DeploymentOptions {
  /** @default 2 */
  readonly gateways?: number;
  /** Further settings of all programs. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a hub with short intervals, so that tests do not wait, and a Redis of its own. */
export async function startDeployment(cleanUp: CleanUp, options: DeploymentOptions = {}): Promise<OwnDeployment> {
  const redis = await startRedis();
  cleanUp.add(() => redis.stop());
  return { redis, ...(await deployAt(redis.url, cleanUp, options)) };
}

/** Starts such a hub on a Redis that is there. */
export async function deployAt(
  redisUrl: string,
  cleanUp: CleanUp,
  options: DeploymentOptions = {},
): Promise<Deployment> {
  const processes = createHubProcesses({ redisUrl, cleanUp, env: options.env ?? {} });
  const startGateway = (at?: Gateway): Promise<Gateway> => processes.startGateway({ at });
  const gateways = await Promise.all(Array.from({ length: options.gateways ?? 2 }, () => startGateway()));
  const store = await connectStore({ redis: redisUrl });
  cleanUp.add(() => store.close());
  return {
    redisUrl,
    gateways,
    store,
    startGateway,
    startCourier: async () => (await processes.startCourier()).program,
    token: (userId) => Promise.resolve(signHubToken(userId)),
    post: (path, body, gateway = gateways[0]) => postJson(`${gateway?.url ?? ""}${path}`, body),
  };
}

async function postJson(url: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${HUB_API_KEY}`, "content-type": "application/json" },
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
