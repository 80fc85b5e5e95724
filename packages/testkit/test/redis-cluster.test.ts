import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { eventually } from "../src/eventually.ts";
import { redisCall } from "../src/redis-call.ts";
import { type RedisCluster, startCluster } from "../src/redis-cluster.ts";

describe("startCluster", () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  }, 60_000);
  afterAll(() => cluster.stop());

  it("serves all slots with three masters and a replica of each", async () => {
    expect(cluster.nodes).toHaveLength(6);
    for (const { port } of cluster.nodes) {
      const info = String(await redisCall(port, "CLUSTER", "INFO"));
      expect(info).toContain("cluster_state:ok");
      expect(info).toContain("cluster_slots_ok:16384");
      expect(info).toContain("cluster_size:3");
    }
    const roles = await Promise.all(cluster.nodes.map(({ port }) => redisCall(port, "ROLE")));
    const names = roles.map((role) => (Array.isArray(role) ? role[0] : role));
    expect(names).toEqual(["master", "master", "master", "slave", "slave", "slave"]);
    expect(cluster.url).toBe(
      `redis+cluster://${cluster.nodes
        .slice(0, 3)
        .map(({ port }) => `127.0.0.1:${port}`)
        .join(",")}`,
    );
  });

  it("names the master of a key, and its successor after a failover", async () => {
    const first = await cluster.masterOf("parcel");
    await expect(redisCall(first.port, "SET", "parcel", "1")).resolves.toBe("OK");
    await redisCall(first.port, "WAIT", 1, 1000);
    await first.kill();
    const next = await eventually(
      async () => {
        const master = await cluster.masterOf("parcel");
        return master.port === first.port ? null : master;
      },
      { timeoutMs: 20_000 },
    );
    await eventually(async () => expect(await redisCall(next.port, "GET", "parcel")).toBe("1"));
  });
});

describe("startCluster, when it is asked for too little", () => {
  it("refuses fewer than three masters", async () => {
    await expect(startCluster({ masters: 2 })).rejects.toThrow(RangeError);
  });
});
