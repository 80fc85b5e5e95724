/**
 * A master dies whose replica lags: the replica was stopped and its link cut, writes went on, and then it takes over. What
 * it never got is lost, though it was acknowledged.
 */
import { setTimeout as delay } from "node:timers/promises";
import { eventually, redisCall } from "@doorstep/testkit";

import type { Fault } from "../fault.ts";

const LAG_MS = { min: 300, max: 1_000 };
const PROMOTION_MS = 20_000;

export const clusterFailover: Fault = {
  name: "cluster-failover",
  does: "kills the master of a Cluster while its replica lags by up to 1 s of writes",
  topology: "cluster",
  lossy: "failover",
  async run({ hub, workload }, random) {
    const { cluster } = hub.redis;
    if (cluster === undefined) throw new TypeError("this fault needs a Cluster");
    const key = hub.store.log.keysOf(random.pick(workload.users)).log;
    const master = await cluster.masterOf(key);
    const isReplica = async ({ port }: { port: number }): Promise<boolean> =>
      String(await redisCall(port, "INFO", "replication")).includes(`master_port:${master.port}\r\n`);
    const candidates = cluster.nodes.filter((node) => node !== master);
    const flags = await Promise.all(candidates.map(isReplica));
    const replica = candidates.find((_, index) => flags[index]);
    if (replica === undefined) throw new Error(`the master on port ${master.port} has no replica`);
    await replica.kill("SIGSTOP");
    await redisCall(master.port, "CLIENT", "KILL", "TYPE", "replica");
    await delay(random.integer(LAG_MS.min, LAG_MS.max));
    await master.kill();
    await replica.kill("SIGCONT");
    await eventually(async () => ((await redisCall(replica.port, "ROLE")) as string[])[0] === "master", {
      timeoutMs: PROMOTION_MS,
      message: "the replica was not promoted",
    });
    await master.restart();
    await eventually(() => isSettled(cluster.nodes), {
      timeoutMs: PROMOTION_MS,
      message: "the cluster did not settle",
    });
  },
};

/** Every node says that all is well, and every replica has its master's data, ready to lose it again. */
async function isSettled(nodes: readonly { port: number }[]): Promise<boolean> {
  for (const { port } of nodes) {
    if (!String(await redisCall(port, "CLUSTER", "INFO")).includes("cluster_state:ok")) return false;
    if (String(await redisCall(port, "INFO", "replication")).includes("master_link_status:down")) return false;
  }
  return true;
}
