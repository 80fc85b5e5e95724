/**
 * Clients that acknowledge what they were not sent yet: they log in as users who are away, while the gateway waits for
 * Redis, and claim to have everything before its first page is read.
 *
 * What such a client gets in the end is in the history like a device's, so that an ack that went too far shows.
 */
import { setTimeout as delay } from "node:timers/promises";
import { decodeEvents, decodeGap } from "@doorstep/protocol";

import type { Fault } from "../fault.ts";
import type { History } from "../history.ts";
import { connectRaw } from "../raw-client.ts";
import { idOf, readValue } from "../value.ts";

const FORGED = "99999999999999-0";
const SILENCE_MS = 400;
/** Long enough to read everything. */
const STAY_MS = 1_500;

export const earlyAcks: Fault = {
  name: "early-acks",
  does: "acknowledges, as users who are away, what a gateway has not sent yet since Redis is slow",
  needsProxies: true,
  async run({ hub, workload, history }, random) {
    const place = random.integer(0, hub.links.length - 1);
    const url = hub.urls()[place] ?? "";
    hub.links[place]?.pause();
    const began = Date.now();
    const leaving = workload.away.map((userId) => claimAll(url, userId, `${userId}/claims-${began}`, history));
    await delay(SILENCE_MS);
    hub.links[place]?.resume();
    await delay(STAY_MS);
    for (const leave of leaving) leave();
  },
};

/** Connects, acknowledges at once, and logs what comes; the answer disconnects. */
function claimAll(url: string, userId: string, device: string, history: History): () => void {
  const socket = connectRaw(url, userId, { ack: "manual" });
  const stamp = (): { device: string; userId: string; life: number; atMs: number } => ({
    device,
    userId,
    life: 1,
    atMs: Date.now(),
  });
  socket.on("connect", () => {
    history.log({ op: "connected", ...stamp() });
    socket.emit("ack", { offset: FORGED });
  });
  socket.on("events", (batch: unknown) => {
    for (const { offset, data } of decodeEvents(batch)) {
      const { by: publisher, n, to: forUser } = readValue(data);
      const id = idOf({ by: publisher, n });
      const at = offset === undefined ? {} : { offset };
      history.log({ op: "received", ...stamp(), id, ...at, forUser, publisher, n, replayed: false });
    }
  });
  socket.on("gap", (message: unknown) => {
    const { from, to, reason, possible = false } = decodeGap(message);
    history.log({ op: "gap", ...stamp(), from, to, reason, possible });
  });
  return () => {
    if (socket.connected) history.log({ op: "disconnected", ...stamp(), wanted: true });
    socket.disconnect();
  };
}
