/** The kinds of Redis that the contract suite runs against, behind one shape. */
import { type RedisServer, startCluster, startRedis, startSentinel } from "@doorstep/testkit";

/** A Redis of some kind. */
export interface Topology {
  readonly url: string;
  /** The server that owns a key now. */
  masterOf(key: string): Promise<RedisServer>;
  stop(): Promise<void>;
}

/** One server. */
export async function startStandalone(): Promise<Topology> {
  const redis = await startRedis();
  return { url: redis.url, masterOf: () => Promise.resolve(redis), stop: () => redis.stop() };
}

/** Three masters, each with a replica. */
export function startSixNodes(): Promise<Topology> {
  return startCluster();
}

/** A master and a replica, watched by three sentinels. */
export async function startWatched(): Promise<Topology> {
  const sentinel = await startSentinel();
  return { url: sentinel.url, masterOf: () => sentinel.currentMaster(), stop: () => sentinel.stop() };
}
