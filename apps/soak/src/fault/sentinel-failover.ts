/** The master that Sentinel watches dies, the replica takes over, and the old master comes back as its replica. */
import { eventually, redisCall } from "@doorstep/testkit";

import type { Fault } from "../fault.ts";

const FAILOVER_MS = 30_000;
/** Sentinel turns an old master into a replica some ten seconds after it is back; where it does not, an operator has to. */
const REJOIN_MS = 25_000;

export const sentinelFailover: Fault = {
  name: "sentinel-failover",
  does: "kills the master that Sentinel watches and brings it back as a replica",
  topology: "sentinel",
  lossy: "failover",
  async run({ hub }) {
    const { sentinel } = hub.redis;
    if (sentinel === undefined) throw new TypeError("this fault needs Sentinel");
    const master = await sentinel.currentMaster();
    await master.kill();
    await eventually(async () => (await sentinel.currentMaster()) !== master, {
      timeoutMs: FAILOVER_MS,
      message: "no replica was promoted",
    });
    await master.restart();
    // On a machine that stands still for a second Sentinel fails over once more: then the other one is to follow.
    const isWhole = async (): Promise<boolean> => {
      const lines = String(await redisCall(master.port, "INFO", "replication"));
      return lines.includes("master_link_status:up") || lines.includes("state=online");
    };
    await eventually(isWhole, { timeoutMs: REJOIN_MS }).catch(async () => {
      const { port } = await eventually(() => sentinel.currentMaster());
      const other = port === master.port ? sentinel.replica : master;
      await redisCall(other.port, "REPLICAOF", "127.0.0.1", port);
      await eventually(isWhole, { timeoutMs: REJOIN_MS, message: "master and replica did not find each other" });
    });
  },
};
