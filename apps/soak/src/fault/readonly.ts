/**
 * The master that Sentinel watches is made a replica while it lives and while everybody is connected to it: nothing closes,
 * and every write is answered READONLY. What it took after the other became master is lost.
 */
import { eventually, redisCall, type RedisServer } from "@doorstep/testkit";

import type { Fault } from "../fault.ts";

const FAILOVER_MS = 30_000;

export const readonly: Fault = {
  name: "readonly",
  does: "has Sentinel fail over while the master lives, which becomes a replica with its connections",
  topology: "sentinel",
  lossy: "failover",
  async run({ hub, history }) {
    const { sentinel, servers, url } = hub.redis;
    if (sentinel === undefined) throw new TypeError("this fault needs Sentinel");
    const master = await sentinel.currentMaster();
    const replica = servers.find((server) => server !== master);
    const [watcher] = sentinel.sentinels;
    if (replica === undefined || watcher === undefined)
      throw new TypeError("this fault needs a replica and a sentinel");
    const name = url.slice(url.lastIndexOf("/") + 1);
    // Refused for some seconds after the failover before.
    const fail = async (): Promise<boolean> => (await redisCall(watcher.port, "SENTINEL", "FAILOVER", name)) === "OK";
    await eventually(() => fail().catch(() => false), { timeoutMs: FAILOVER_MS, message: "Sentinel refuses" });
    await eventually(async () => ((await redisCall(replica.port, "ROLE")) as string[])[0] === "master", {
      timeoutMs: FAILOVER_MS,
      intervalMs: 5,
      message: "the replica was not promoted",
    });
    // Sentinel would do it some seconds later, and close the connections.
    const refusedBefore = await refusalsOf(master);
    await redisCall(master.port, "REPLICAOF", "127.0.0.1", replica.port);
    await eventually(async () => (await sentinel.currentMaster()) === replica, {
      timeoutMs: FAILOVER_MS,
      message: "the sentinels did not agree on the new master",
    });
    const follows = async (): Promise<boolean> =>
      String(await redisCall(master.port, "INFO", "replication")).includes("master_link_status:up");
    await eventually(follows, { timeoutMs: FAILOVER_MS, message: "the old master did not become a replica" });
    if ((await refusalsOf(master)) === refusedBefore) history.complain("nobody was answered READONLY");
  },
};

/** How often a server answered READONLY. */
async function refusalsOf({ port }: RedisServer): Promise<number> {
  const errors = String(await redisCall(port, "INFO", "errorstats"));
  return Number(/errorstat_READONLY:count=(\d+)/.exec(errors)?.[1] ?? 0);
}
