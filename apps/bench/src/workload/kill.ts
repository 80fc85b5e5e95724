/** One of two gateways is killed under load; its clients go to the other one. */
import { setTimeout as delay } from "node:timers/promises";

import { nowUs } from "../clock.ts";
import type { Stage } from "../stage.ts";
import type { Workload } from "../workload.ts";
import { measureFault } from "./fault.ts";

const SERVERS = 2;
const VICTIM = 0;
const SURVIVOR = 1;
const LOOK_EVERY_MS = 20;
const US_PER_MS = 1_000;

export const kill: Workload = {
  name: "kill",
  title: "One of 2 gateways is killed (-9) under load: 1,000 users, 1,000 events/s",
  seconds: 30,
  async run(context) {
    let backMs = Number.NaN;
    const fault = async (stage: Stage, { users }: { readonly users: number }): Promise<void> => {
      const beganUs = nowUs();
      await stage.deployment.servers[VICTIM]?.kill();
      await untilConnected(stage, users);
      backMs = (nowUs() - beganUs) / US_PER_MS;
    };
    const { figures } = await measureFault(context, { servers: SERVERS, fault, last: { server: SURVIVOR } });
    return [...figures, { name: "until the last user is back", value: backMs, unit: "ms" }];
  },
};

/** First somebody is not: the clients hear of the end a moment later. */
async function untilConnected(stage: Stage, users: number): Promise<void> {
  const connected = async (): Promise<number> => (await stage.clients.call("look")).connected;
  while ((await connected()) === users) await delay(LOOK_EVERY_MS);
  while ((await connected()) < users) await delay(LOOK_EVERY_MS);
}
