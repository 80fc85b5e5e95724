/** All connections that hear Redis' pub/sub are cut under load, several times. Nobody tells anybody what was missed. */
import { setTimeout as delay } from "node:timers/promises";
import { redisCall } from "@doorstep/testkit";

import type { Stage } from "../stage.ts";
import type { Workload } from "../workload.ts";
import { measureFault } from "./fault.ts";

const SERVERS = 2;
const CUTS = 3;
/** From one cut to the next, as a part of the load. */
const BETWEEN = 1 / 6;
const MS_PER_S = 1_000;

export const cut: Workload = {
  name: "cut",
  title: "All pub/sub connections are cut three times under load: 1,000 users on 2 gateways, 1,000 events/s",
  seconds: 30,
  async run(context) {
    let connections = 0;
    const fault = async (stage: Stage, { lastsS }: { readonly lastsS: number }): Promise<void> => {
      for (let n = 0; n < CUTS; n++) {
        if (n > 0) await delay(lastsS * BETWEEN * MS_PER_S);
        connections += Number(await redisCall(stage.redis.port, "CLIENT", "KILL", "TYPE", "pubsub"));
      }
      if (connections === 0) throw new Error("there was no pub/sub connection to cut");
    };
    const { figures } = await measureFault(context, { servers: SERVERS, fault });
    return [...figures, { name: "connections cut", value: connections, unit: "" }];
  },
};
