/**
 * Couriers die at random instants of their work, three times in a row, never all at the same time. Logs are short, so that
 * what users without a device get in the end comes out of parcels.
 */
import { setTimeout as delay } from "node:timers/promises";

import type { Fault } from "../fault.ts";

const TIMES = 3;

export const courierKill: Fault = {
  name: "courier-kill",
  does: "kills couriers with SIGKILL at random instants, three times, and starts them again",
  logMaxEvents: 30,
  async run({ hub }, random) {
    for (let count = 0; count < TIMES; count++) {
      const courier = random.pick(hub.couriers);
      await delay(random.integer(0, 700));
      await courier.kill();
      await courier.restart();
    }
  },
};
