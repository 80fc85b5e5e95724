/** The Redis of a run, in one of the three ways it can be deployed, with what faults need to know of each. */
import {
  type CleanUp,
  type RedisCluster,
  type RedisSentinel,
  type RedisServer,
  startCluster,
  startRedis,
  startSentinel,
} from "@doorstep/testkit";

/** How Redis is deployed. */
export type Topology = "standalone" | "cluster" | "sentinel";

/** A running Redis. */
export interface RedisFixture {
  readonly topology: Topology;
  readonly url: string;
  /** Every server that holds data, replicas too. */
  readonly servers: readonly RedisServer[];
  readonly cluster?: RedisCluster;
  readonly sentinel?: RedisSentinel;
}

/** Starts a Redis that ends with `cleanUp`. */
export async function startRedisFixture(topology: Topology, cleanUp: CleanUp): Promise<RedisFixture> {
  if (topology === "cluster") {
    const cluster = await startCluster();
    cleanUp.add(() => cluster.stop());
    return { topology, url: cluster.url, servers: cluster.nodes, cluster };
  }
  if (topology === "sentinel") {
    const sentinel = await startSentinel();
    cleanUp.add(() => sentinel.stop());
    return { topology, url: sentinel.url, servers: [sentinel.master, sentinel.replica], sentinel };
  }
  const server = await startRedis();
  cleanUp.add(() => server.stop());
  return { topology, url: server.url, servers: [server] };
}

/** The only server of a standalone Redis; throws for another deployment. */
export function soleServer({ topology, servers }: RedisFixture): RedisServer {
  const [server] = servers;
  if (topology !== "standalone" || server === undefined) throw new TypeError("this fault needs a standalone Redis");
  return server;
}
