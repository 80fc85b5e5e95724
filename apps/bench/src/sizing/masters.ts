/**
 * Masters of a Redis Cluster, one, two or three of them, on this machine.
 *
 * A cluster of fewer than three masters cannot elect a new one, which testkit's is for; nobody fails here, and one master is
 * to cost what one of a cluster costs.
 */
import { type CleanUp, eventually, freePort, redisCall, type RedisServer, startRedis } from "@doorstep/testkit";

import { REDIS_ARGS } from "./measure/settings.ts";

export interface Masters {
  readonly url: string;
  readonly nodes: readonly RedisServer[];
}

export interface Master {
  readonly url: string;
  readonly redis: RedisServer;
}

const SLOTS = 16_384;
const JOIN_TIMEOUT_MS = 20_000;

/** Starts them; resolves when each says that all slots are served. They end with `cleanUp`. */
export async function startMasters(count: number, cleanUp: CleanUp): Promise<Masters> {
  const nodes: RedisServer[] = [];
  for (let index = 0; index < count; index++) {
    const busPort = await freePort();
    const cluster = ["--cluster-enabled", "yes", "--cluster-port", String(busPort)];
    const node = await startRedis({ args: [...REDIS_ARGS, ...cluster, "--cluster-announce-ip", "127.0.0.1"] });
    cleanUp.add(() => node.stop());
    nodes.push(node);
    const first = Math.floor((index * SLOTS) / count);
    await redisCall(node.port, "CLUSTER", "ADDSLOTSRANGE", first, Math.floor(((index + 1) * SLOTS) / count) - 1);
    await redisCall(node.port, "CLUSTER", "SET-CONFIG-EPOCH", index + 1);
    if (index > 0) await redisCall(Number(nodes[0]?.port), "CLUSTER", "MEET", "127.0.0.1", node.port, busPort);
  }
  for (const { port } of nodes) {
    await eventually(() => isServing(port, count), {
      timeoutMs: JOIN_TIMEOUT_MS,
      message: `the cluster did not become ok on port ${port}`,
    });
  }
  return { url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`, nodes };
}

/** A Cluster of one: what the model's constants are of. */
export async function startMaster(cleanUp: CleanUp): Promise<Master> {
  const { url, nodes } = await startMasters(1, cleanUp);
  const [redis] = nodes;
  if (redis === undefined) throw new Error("a Cluster without a master");
  return { url, redis };
}

async function isServing(port: number, count: number): Promise<boolean> {
  const info = String(await redisCall(port, "CLUSTER", "INFO"));
  return info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${count}\r\n`);
}
