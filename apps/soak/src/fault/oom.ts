/**
 * Redis is full: nothing more is taken, but acks and reads go on, and it recovers by itself once there is room.
 *
 * That acks go on is a promise of its own, since they are what makes room: what arrived before has to be acknowledged while
 * Redis is full. In the history that is a fault within the fault, and only the hub can heal it.
 */
import { setTimeout as delay } from "node:timers/promises";
import { eventually, redisCall } from "@doorstep/testkit";

import type { Fault, FaultContext } from "../fault.ts";
import { soleServer } from "../redis.ts";

const ACKS_MS = 5_000;

export const oom: Fault = {
  name: "oom",
  does: "sets maxmemory to half of what is used, so that no append is taken for some seconds",
  async run(context, random) {
    const { port } = soleServer(context.hub.redis);
    const used = /used_memory:(\d+)/.exec(String(await redisCall(port, "INFO", "memory")));
    await redisCall(port, "CONFIG", "SET", "maxmemory", Math.floor(Number(used?.[1]) / 2));
    // Sometimes for longer than publishers try.
    await Promise.all([delay(random.integer(1_500, 8_000)), awaitAcks(context)]);
    await redisCall(port, "CONFIG", "SET", "maxmemory", 0);
  },
};

/** Waits until the users who are here have acknowledged all there is; where they do not, the checker says so. */
async function awaitAcks({ hub, workload, history }: FaultContext): Promise<void> {
  const { log } = hub.store;
  const note = (phase: "begin" | "healed"): void =>
    history.log({ op: "fault", name: "no acks while Redis is full", phase, atMs: Date.now() });
  const areAcked = async (): Promise<boolean> => {
    const heads = await Promise.all(workload.users.map((userId) => log.heads([log.keysOf(userId)])));
    return heads.flat().every(({ undelivered }) => undelivered === 0);
  };
  note("begin");
  await eventually(areAcked, { timeoutMs: ACKS_MS, intervalMs: 100 }).then(
    () => note("healed"),
    () => "it stays broken, as the checker says",
  );
}
