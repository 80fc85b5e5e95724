/** The ways in which Redis is deployed, behind one shape: what is promised has to hold on each. */
import { type RedisServer, startCluster, startRedis, startSentinel } from "@doorstep/testkit";

/** A running Redis. */
export interface Topology {
  readonly url: string;
  /** Every server that holds data, replicas too. */
  readonly servers: readonly RedisServer[];
  /** The server that is now master of a key. */
  masterOf(key: string): Promise<RedisServer>;
  /** Ends all of it. Idempotent. */
  stop(): Promise<void>;
}

/** One server. */
export async function startStandalone(): Promise<Topology> {
  const redis = await startRedis();
  return { url: redis.url, servers: [redis], masterOf: () => Promise.resolve(redis), stop: () => redis.stop() };
}

/** A Cluster of six: three masters, each with a replica. */
export async function startSixNodes(): Promise<Topology> {
  const cluster = await startCluster();
  return { ...cluster, servers: cluster.nodes };
}

/** A master and a replica, watched by three sentinels. */
export async function startWatched(): Promise<Topology> {
  const sentinel = await startSentinel();
  return {
    url: sentinel.url,
    servers: [sentinel.master, sentinel.replica],
    masterOf: () => sentinel.currentMaster(),
    stop: () => sentinel.stop(),
  };
}
