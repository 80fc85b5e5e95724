/**
 * Entries of no known form in the logs of sacrificed users who are away, between events that are good, while couriers sweep.
 * Each of them shares its due index with a user who is away too, and waits longer: whoever fails at one must not fail the
 * other.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { encodeEvent } from "@doorstep/protocol";
import { eventually, redisCall } from "@doorstep/testkit";

import { untilHeld } from "../custody.ts";
import type { Fault } from "../fault.ts";
import type { SoakHub } from "../hub.ts";
import { soleServer } from "../redis.ts";
import { EVENT_TYPE } from "../value.ts";

/** Fields of a log entry: the store writes `b` and `m`, in this order. */
const POISONS: readonly (readonly string[])[] = [
  ["foo", "bar"],
  ["b", "not JSON", "m", "not packed"],
  ["b", "{}", "m", ""],
  ["b", '{"id":"x","type":"y","data":{}}', "m", "0-0 x y z d never "],
  ["m", "0-0 1 1 2 d 0 ", "b", "{}"],
  ["b", "\u0000", "m", "0-0 1 1 1e999 d -1 "],
];

export const poison: Fault = {
  name: "poison",
  does: "puts entries of no known form into the logs of sacrificed users who are away",
  logMaxEvents: 30,
  async run({ hub, workload, history }, random) {
    const { port } = soleServer(hub.redis);
    const neighbour = random.pick(workload.away);
    const victims = POISONS.map((_, index) => findNeighbour(hub, neighbour, index));
    for (const [index, fields] of POISONS.entries()) {
      const victim = victims[index] ?? "";
      const { due, log, uid } = hub.store.log.keysOf(victim);
      await appendGood(hub, victim);
      await redisCall(port, "XADD", log, "*", ...fields);
      // An append counts on from the head that it knows, which has to be another millisecond's.
      await delay(2);
      await appendGood(hub, victim);
      await redisCall(port, "ZADD", due, 1, uid);
    }
    await untilHeld(hub, workload.away, history);
    const isSeen = async (victim: string): Promise<boolean> => {
      const { due, uid } = hub.store.log.keysOf(victim);
      return (await redisCall(port, "ZSCORE", due, uid)) !== "1";
    };
    await eventually(async () => (await Promise.all(victims.map(isSeen))).every(Boolean), {
      message: "no courier looked at the poisoned users",
    });
    await untilHeld(hub, victims, history);
    for (const victim of victims) {
      const { log, user, due, parcels, uid } = hub.store.log.keysOf(victim);
      await redisCall(port, "DEL", log, user, parcels);
      await redisCall(port, "ZREM", due, uid);
    }
  },
};

async function appendGood({ store }: SoakHub, userId: string): Promise<void> {
  const events = [0, 1, 2].map((n) => encodeEvent({ type: EVENT_TYPE, data: { n } }, randomUUID, Date.now()));
  await store.log.append(userId, events);
}

/** Makes the name of a user in the partition of another. */
function findNeighbour({ store }: SoakHub, userId: string, index: number): string {
  const { partition } = store.log.keysOf(userId);
  for (let n = 0; ; n++) {
    const name = `victim-${index}-${n}`;
    if (store.log.keysOf(name).partition === partition) return name;
  }
}
