/** Clients that flood one gateway: messages it does not know, acks without end, handshakes without a token, idle connections. */
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

import type { Fault } from "../fault.ts";
import { connectRaw } from "../raw-client.ts";

const MESSAGES = 3_000;
const HANDSHAKES = 150;
const IDLE = 100;

export const flood: Fault = {
  name: "flood",
  does: "floods a gateway with 6,000 messages, 150 bad handshakes and 100 idle connections",
  async run({ hub }, random) {
    const url = random.pick(hub.urls());
    const flooder = connectRaw(url, "flooder", {});
    const acker = connectRaw(url, "acker", { ack: "manual" });
    const idle = Array.from({ length: IDLE }, () => connect(Number(new URL(url).port), "127.0.0.1"));
    for (const socket of idle) socket.on("error", () => socket.destroy());
    await delay(300);
    for (let sent = 0; sent < MESSAGES; sent++) {
      flooder.emit(`unknown-${sent}`, { sent });
      acker.emit("ack", { offset: `${sent + 1}-0` });
      if (sent % 100 === 0) await delay(5);
    }
    const refused = Array.from({ length: HANDSHAKES }, () => connectRaw(url, "nobody", { token: "forged" }));
    await delay(random.integer(500, 1_500));
    for (const socket of [flooder, acker, ...refused]) socket.disconnect();
    for (const socket of idle) socket.destroy();
  },
};
