/**
 * Clients that claim, in their handshake, to have more than there is. They are told of a fork and go on from what is
 * acknowledged, so that what they acknowledge from there on they got, and users who are away miss nothing when they come.
 */
import { setTimeout as delay } from "node:timers/promises";

import { Device } from "../device.ts";
import type { Fault } from "../fault.ts";

const FORGED = "99999999999999-0";
/** Long enough for a ping and its pong, which acknowledges. */
const STAY_MS = 900;
let forgers = 0;

export const forgedOffset: Fault = {
  name: "forged-offset",
  does: "presents an offset far beyond the head, from devices of users who are away",
  async run({ hub, workload, history, cleanUp }, random) {
    const devices = workload.away.map((userId) => {
      forgers += 1;
      const first = random.integer(0, hub.gateways.length - 1);
      return new Device({
        name: `${userId}/forger-${forgers}`,
        userId,
        urls: hub.urls,
        first,
        offset: FORGED,
        history,
      });
    });
    for (const device of devices) {
      cleanUp.add(() => device.end());
      device.connect();
    }
    await delay(STAY_MS);
    await Promise.all(devices.map((device) => device.disconnect()));
  },
};
