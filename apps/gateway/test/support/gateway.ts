/**
 * The gateway program inside the test's process: started as its main.ts does, on free ports, with settings as the
 * environment would have them, a log that is kept, and a `process` that does not exit.
 */
import { createLogger, createRegistry, loadConfig, Shutdown } from "@doorstep/runtime";
import { type CleanUp, createCleanUp, type RedisServer, redisCall } from "@doorstep/testkit";
import { configSchema } from "../../src/config.ts";
import { startGateway } from "../../src/gateway.ts";
import { type ClientOptions, connectClient, type TestClient } from "./client.ts";
import { SECRET, tokenOf } from "./token.ts";

export const PUBLISH_KEY = "key-of-a-publisher";
export const READ_KEY = "key-of-a-reader";
export const ADMIN_KEY = "key-of-an-admin";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface TestGateway {
  readonly url: string;
  readonly port: number;
  readonly adminUrl: string;
  readonly shutdown: Shutdown;
  /** Its devices: `clients.run()` disconnects them all. */
  readonly clients: CleanUp;
  /** Exit codes, once it has ended. */
  readonly exits: readonly number[];
  /** All log lines so far, as text. */
  log(): string;
  /** The value of a metric's series; of all its series together where no labels are given. */
  metric(name: string, labels?: Record<string, string>): Promise<number>;
  /** Sends a request to the HTTP API, as JSON unless `body` is text. */
  request(path: string, body?: unknown, init?: RequestInit): Promise<HttpAnswer>;
  /** Connects a device with a good token of the user and `auth` besides. */
  connect(userId: string, auth?: object, options?: ClientOptions): Promise<TestClient>;
  /** Connects with this `auth` and nothing else. */
  handshake(auth?: object, options?: ClientOptions): TestClient;
}

/** Starts one; `env` goes over the test's own settings. */
export async function startTestGateway(
  cleanUp: CleanUp,
  redis: RedisServer,
  env: Record<string, string> = {},
): Promise<TestGateway> {
  let written = "";
  const logger = createLogger({
    name: "gateway",
    level: "info",
    destination: { write: (line) => void (written += line) },
  });
  const exits: number[] = [];
  const host = { on: () => undefined, exit: (code: number) => void exits.push(code) };
  const shutdown = new Shutdown({ logger, timeoutMs: 10_000, process: host });
  const registry = createRegistry();
  const config = loadConfig({ schema: configSchema, env: { ...SETTINGS, REDIS_URL: redis.url, ...env } });
  cleanUp.add(() => shutdown.begin("the test is over"));
  await startGateway({ config, logger, shutdown, registry });
  const { port, adminPort } = portsOf(written);
  const url = `http://127.0.0.1:${port}`;
  const clients = createCleanUp();
  cleanUp.add(() => clients.run());
  const handshake = (auth?: object, options?: ClientOptions) => connectClient(clients, url, auth, options);
  return {
    url,
    port,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    shutdown,
    clients,
    exits,
    log: () => written,
    metric: async (name, labels = {}) => {
      const metric = await registry.getSingleMetric(name)?.get();
      const series = (metric?.values ?? []).filter((value) =>
        Object.entries(labels).every(([label, wanted]) => Reflect.get(value.labels, label) === wanted),
      );
      return series.reduce((total, { value }) => total + value, 0);
    },
    request: async (path, body, init = {}) => {
      const response = await fetch(`${url}${path}`, {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify(body),
        headers: { "content-type": "application/json", authorization: `Bearer ${PUBLISH_KEY}` },
        ...init,
      });
      return {
        status: response.status,
        headers: response.headers,
        body: (await response.json()) as HttpAnswer["body"],
      };
    },
    connect: async (userId, auth = {}, options = {}) => handshake({ token: await tokenOf(userId), ...auth }, options),
    handshake,
  };
}

const SETTINGS = {
  HOST: "127.0.0.1",
  PORT: "0",
  DOORSTEP_ADMIN_PORT: "0",
  DOORSTEP_JWT_SECRET: SECRET,
  DOORSTEP_JWT_CLOCK_TOLERANCE_S: "0",
  DOORSTEP_API_KEYS: `${PUBLISH_KEY}:publish,${READ_KEY}:read,${ADMIN_KEY}:admin`,
  DOORSTEP_DRAIN_MS: "0",
  // A day: the first ping comes at a random moment of it, and pongs acknowledge. Tests about pings have it shorter.
  DOORSTEP_PING_INTERVAL_MS: "86400000",
  // The gateway shares its event loop with the test.
  DOORSTEP_MAX_LAG_MS: "0",
};

function portsOf(log: string): { port: number; adminPort: number } {
  const line = log.split("\n").find((text) => text.includes("gateway ready"));
  return JSON.parse(line ?? "{}") as { port: number; adminPort: number };
}

/** Everything in Redis that belongs to users' logs and mailboxes: what bad input must not change. */
export async function usersState(redis: RedisServer): Promise<Record<string, unknown>> {
  const keys = (await redisCall(redis.port, "KEYS", "ds:{*")) as string[];
  const kept = keys.filter((key) => !key.includes(":conn:")).sort();
  const values = await Promise.all(kept.map((key) => redisCall(redis.port, "DUMP", key)));
  return Object.fromEntries(kept.map((key, i) => [key, values[i]]));
}
