/**
 * Clients that acknowledge what they never got: forged offsets, other users' offsets, things that are no offset.
 *
 * They log in as users who are away and begin at "$", so that nothing they say may count. If any of it did, those users
 * would miss events when they come.
 */
import { setTimeout as delay } from "node:timers/promises";
import { FROM_NOW } from "@doorstep/protocol";

import type { Fault } from "../fault.ts";
import { connectRaw } from "../raw-client.ts";

const FORGED = "99999999999999-0";
const NONSENSE = [
  undefined,
  null,
  1,
  -1,
  1.5,
  2 ** 53,
  "x",
  [],
  {},
  { offset: 1 },
  { offset: "1" },
  { offset: [FORGED] },
];

export const hostileAcks: Fault = {
  name: "hostile-acks",
  does: "acknowledges forged and foreign offsets, from sockets of users who are away",
  async run({ hub, workload }, random) {
    const foreign = workload.devices.map(({ offset }) => offset).filter((offset) => offset !== undefined);
    for (const userId of workload.away) {
      const handshakes = [{ offset: FROM_NOW }, { offset: FROM_NOW, ack: "manual" }];
      const sockets = handshakes.map((auth) => connectRaw(random.pick(hub.urls()), userId, auth));
      await delay(random.integer(100, 300));
      for (const socket of sockets) {
        socket.emit("ack", { offset: FORGED });
        for (const offset of foreign) socket.emit("ack", { offset });
        for (const argument of NONSENSE) socket.emit("ack", argument);
      }
      // Long enough for a ping and its pong, which acknowledge too.
      await delay(700);
      for (const socket of sockets) socket.disconnect();
    }
  },
};
