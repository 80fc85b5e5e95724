/**
 * A client stops reading while much is published to its user, and reads again: once before it is given up, once after.
 * It is a device like the others, on a link that can be held; everything has to reach it in the end.
 */
import { setTimeout as delay } from "node:timers/promises";
import { startTcpProxy } from "@doorstep/testkit";

import type { Fault } from "../fault.ts";

const PAUSES_MS = [1_500, 4_000];
const EVENTS = 300;
const EVENT_BYTES = 10_000;

export const slowClient: Fault = {
  name: "slow-client",
  does: "lets a client stop reading for 1.5 s and for 4 s while 3 MB are published to its user",
  async run({ hub, workload, cleanUp }, random) {
    const userId = random.pick(workload.users);
    const { port } = new URL(random.pick(hub.urls()));
    const link = await startTcpProxy(Number(port));
    cleanUp.add(() => link.close());
    workload.addDevice(userId, `http://127.0.0.1:${link.port}`);
    await delay(500);
    for (const pauseMs of PAUSES_MS) {
      link.pause();
      await Promise.all([workload.burst(userId, EVENTS, EVENT_BYTES), delay(pauseMs)]);
      link.resume();
      await delay(1_000);
    }
  },
};
