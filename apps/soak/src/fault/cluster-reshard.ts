/** Slots move to another master while their users are served: the steps of `redis-cli --cluster reshard`, one slot at a time. */
import { redisCall, type RedisServer } from "@doorstep/testkit";

import type { Fault } from "../fault.ts";

const KEYS_A_STEP = 20;
const MIGRATE_TIMEOUT_MS = 5_000;

export const clusterReshard: Fault = {
  name: "cluster-reshard",
  does: "moves the slots of up to six users to another master of the Cluster",
  topology: "cluster",
  async run({ hub, workload }, random) {
    const { cluster } = hub.redis;
    if (cluster === undefined) throw new TypeError("this fault needs a Cluster");
    const users = new Set(Array.from({ length: 6 }, () => random.pick(workload.everybody)));
    for (const userId of users) {
      const key = hub.store.log.keysOf(userId).log;
      const from = await cluster.masterOf(key);
      const masters = await mastersOf(cluster.nodes);
      const to = random.pick(masters.filter((node) => node.port !== from.port));
      await moveSlot(Number(await redisCall(from.port, "CLUSTER", "KEYSLOT", key)), from, to, masters);
    }
  },
};

async function mastersOf(nodes: readonly RedisServer[]): Promise<RedisServer[]> {
  const roles = await Promise.all(nodes.map(({ port }) => redisCall(port, "ROLE")));
  return nodes.filter((_, index) => (roles[index] as string[])[0] === "master");
}

async function moveSlot(
  slot: number,
  from: RedisServer,
  to: RedisServer,
  masters: readonly RedisServer[],
): Promise<void> {
  const fromId = String(await redisCall(from.port, "CLUSTER", "MYID"));
  const toId = String(await redisCall(to.port, "CLUSTER", "MYID"));
  await redisCall(to.port, "CLUSTER", "SETSLOT", slot, "IMPORTING", fromId);
  await redisCall(from.port, "CLUSTER", "SETSLOT", slot, "MIGRATING", toId);
  for (;;) {
    const keys = (await redisCall(from.port, "CLUSTER", "GETKEYSINSLOT", slot, KEYS_A_STEP)) as string[];
    if (keys.length === 0) break;
    await redisCall(from.port, "MIGRATE", "127.0.0.1", to.port, "", 0, MIGRATE_TIMEOUT_MS, "KEYS", ...keys);
  }
  // The new owner first, as redis-cli does: nobody may be sent to one that does not know yet.
  for (const { port } of [to, from, ...masters.filter((node) => node !== to && node !== from)]) {
    await redisCall(port, "CLUSTER", "SETSLOT", slot, "NODE", toId);
  }
}
