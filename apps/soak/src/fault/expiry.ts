/**
 * Events that are good for one to three seconds, to users who are away: couriers end them as dead letters, and a device
 * that comes meanwhile gets the others, and a gap in the place of these.
 */
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@doorstep/testkit";

import type { Fault } from "../fault.ts";

const ARRIVAL_MS = 10_000;

export const expiry: Fault = {
  name: "expiry",
  does: "lets events expire while their users are away, and users return for a moment in the midst of it",
  logMaxEvents: 30,
  expiring: true,
  async run({ hub, workload }, random) {
    await delay(random.integer(1_500, 3_000));
    const device = workload.addDevice(random.pick(workload.away), random.pick(hub.urls()));
    await eventually(() => device.isLive, { timeoutMs: ARRIVAL_MS, message: `${device.name} did not come back` });
    await delay(random.integer(0, 1_000));
    await device.disconnect();
  },
  lacks(history) {
    if (!history.some((operation) => operation.op === "deadLetters" && operation.events.length > 0)) {
      return "no event became a dead letter";
    }
    if (!history.some((operation) => operation.op === "gap" && operation.reason === "expired")) {
      return "no device was told that events expired";
    }
    return undefined;
  },
};
