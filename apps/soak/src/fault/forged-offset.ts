/**
 * Clients that claim, in their handshake, to have more than there is. They are told of a fork and go on from the head; what they
 * acknowledge from there on they never got, and users who are away must not miss it when they come.
 */
import { setTimeout as delay } from "node:timers/promises";

import type { Fault } from "../fault.ts";
import { connectRaw } from "../raw-client.ts";

const FORGED = "99999999999999-0";
/** Long enough for a ping and its pong, which acknowledges. */
const STAY_MS = 900;

export const forgedOffset: Fault = {
  name: "forged-offset",
  does: "presents an offset far beyond the head, from sockets of users who are away",
  async run({ hub, workload }, random) {
    const sockets = workload.away.map((userId) => connectRaw(random.pick(hub.urls()), userId, { offset: FORGED }));
    await delay(STAY_MS);
    for (const socket of sockets) socket.disconnect();
  },
};
