/**
 * A real Redis with Sentinel on this machine: a master, a replica, and three sentinels of which two must agree.
 *
 * A master that is silent for 1 s is replaced. The sentinels find each other and the replica through the master, which
 * takes them some seconds at the start.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { createCleanUp } from "./clean-up.ts";
import { testEnvironment } from "./environment.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";
import { findRedisServer } from "./redis-binary.ts";
import { redisCall } from "./redis-call.ts";
import { type RedisServer, runRedis, toArguments } from "./redis-process.ts";
import { createTemporaryDir, type RedisOptions, startRedis } from "./redis-server.ts";

/** Two servers and their sentinels. */
export interface RedisSentinel {
  /** `redis+sentinel://` with the three sentinels and the name they know the master by. */
  readonly url: string;
  /** The master of the start. */
  readonly master: RedisServer;
  /** The replica of the start. */
  readonly replica: RedisServer;
  readonly sentinels: readonly RedisServer[];
  /** Asks a sentinel that answers which of the two servers is master now. */
  currentMaster(): Promise<RedisServer>;
  /** Ends all five. Idempotent. */
  stop(): Promise<void>;
}

const NAME = "doorstep";
const SENTINELS = 3;
const QUORUM = 2;
const JOIN_TIMEOUT_MS = 30_000;

/** Starts all five; resolves when every sentinel knows the replica and the other sentinels. */
export async function startSentinel(options: Pick<RedisOptions, "args" | "log"> = {}): Promise<RedisSentinel> {
  const cleanUp = createCleanUp();
  const keep = (server: RedisServer): RedisServer => {
    cleanUp.add(() => server.stop());
    return server;
  };
  try {
    const binary = await findRedisServer({ env: testEnvironment(), ...options });
    const args = [...toArguments({ "repl-diskless-sync-delay": 0 }), ...(options.args ?? [])];
    const master = keep(await startRedis({ binary, args }));
    const follow = toArguments({ replicaof: `127.0.0.1 ${master.port}` });
    const replica = keep(await startRedis({ binary, args: [...args, ...follow] }));
    await eventually(async () => (await tell(replica.port, "INFO", "replication")).includes("master_link_status:up"), {
      timeoutMs: JOIN_TIMEOUT_MS,
      message: "the replica did not reach its master",
    });
    const sentinels: RedisServer[] = [];
    while (sentinels.length < SENTINELS) sentinels.push(keep(await runSentinel(binary, master.port)));
    for (const { port } of sentinels) await untilJoined(port);
    return {
      url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/${NAME}`,
      master,
      replica,
      sentinels,
      currentMaster: () => findMaster(sentinels, [master, replica]),
      stop: () => cleanUp.run(),
    };
  } catch (error) {
    await cleanUp.run();
    throw error;
  }
}

/** A sentinel rewrites its configuration file, so each has one of its own. */
async function runSentinel(binary: string, masterPort: number): Promise<RedisServer> {
  const port = await freePort();
  const dir = await createTemporaryDir();
  const file = join(dir, "sentinel.conf");
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir ${dir}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} ${QUORUM}`,
    `sentinel down-after-milliseconds ${NAME} 1000`,
    `sentinel failover-timeout ${NAME} 5000`,
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  return runRedis({ binary, port, dir, isTemporary: true, args: [file, "--sentinel"] });
}

async function untilJoined(port: number): Promise<void> {
  const isJoined = async (): Promise<boolean> => {
    const info = await tell(port, "INFO", "sentinel");
    return info.includes(`status=ok,`) && info.includes(`slaves=1,sentinels=${SENTINELS}`);
  };
  await eventually(isJoined, {
    timeoutMs: JOIN_TIMEOUT_MS,
    message: `the sentinel on port ${port} did not find the others`,
  });
}

/** In the midst of a failover one of them knows the new master before the others: then there is none. */
async function findMaster(sentinels: RedisServer[], servers: RedisServer[]): Promise<RedisServer> {
  const answers = await Promise.allSettled(
    sentinels.map(({ port }) => redisCall(port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)),
  );
  const ports = answers.flatMap((answer) =>
    answer.status === "fulfilled" && Array.isArray(answer.value) ? String(answer.value[1]) : [],
  );
  const master = servers.find(({ port }) => String(port) === ports[0]);
  if (master === undefined) throw new Error("no sentinel answers which server is master");
  if (new Set(ports).size > 1) throw new Error("the sentinels do not agree which server is master");
  return master;
}

async function tell(port: number, ...command: string[]): Promise<string> {
  return String(await redisCall(port, ...command));
}
