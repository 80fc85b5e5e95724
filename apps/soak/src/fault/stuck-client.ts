/**
 * A client stops reading while far more is published to its user than any buffer holds, and reads again. What it does not
 * take has to wait in Redis, not in the gateway's memory: that is what `rssCapBytes` is for.
 */
import { setTimeout as delay } from "node:timers/promises";
import { startTcpProxy } from "@doorstep/testkit";

import type { Fault } from "../fault.ts";

const MEGABYTE = 1024 * 1024;
const EVENTS = 4_000;
const EVENT_BYTES = 50_000;

export const stuckClient: Fault = {
  name: "stuck-client",
  does: "lets a client stop reading while 200 MB are published to its user",
  rssCapBytes: 256 * MEGABYTE,
  // It is slow, not gone.
  env: { DOORSTEP_PING_TIMEOUT_MS: "30000" },
  async run({ hub, workload, cleanUp }, random) {
    const userId = random.pick(workload.users);
    const { port } = new URL(random.pick(hub.urls()));
    const link = await startTcpProxy(Number(port));
    cleanUp.add(() => link.close());
    workload.addDevice(userId, `http://127.0.0.1:${link.port}`);
    await delay(500);
    link.pause();
    // Not durable: what is undelivered may not be more than a mailbox takes.
    await workload.burst(userId, EVENTS, EVENT_BYTES, "stream");
    link.resume();
    await delay(1_000);
  },
};
