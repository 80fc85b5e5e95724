/**
 * Garbage wherever a broken program could put it: on every channel that anybody listens to, and in the log of one user.
 *
 * That user is sacrificed and stands in no history; what is judged is that nobody else notices. Only messages without our
 * form go to the channels of the others: whoever may write their channels can forge events, which is what ACLs are for.
 */
import { setTimeout as delay } from "node:timers/promises";
import { redisCall } from "@doorstep/testkit";

import type { Fault } from "../fault.ts";
import { connectRaw } from "../raw-client.ts";
import { soleServer } from "../redis.ts";

const VICTIM = "victim";
const GARBAGE = [
  "",
  " ",
  "null",
  "{}",
  '{"uid":"x"}',
  '{"data":[]}',
  "[1,2",
  "0-0",
  "0-0 1-1",
  "a b c d",
  "\u0082\u00a1",
  "0-0 x 1 {}",
];
const LIES = ["0-0 99999999999999-0 1 {broken", "0-0 99999999999999-0 -1 ", "9-9 1-1 1e9 {}"];

export const malformed: Fault = {
  name: "malformed",
  does: "publishes garbage on every channel in use and puts it into the log of one sacrificed user",
  async run({ hub }, random) {
    const { port } = soleServer(hub.redis);
    const keys = hub.store.log.keysOf(VICTIM);
    const sockets = hub.urls().map((url) => connectRaw(url, VICTIM, {}));
    await delay(300);
    for (const kind of ["CHANNELS", "SHARDCHANNELS"]) {
      const channels = (await redisCall(port, "PUBSUB", kind)) as string[];
      for (const channel of channels) {
        const command = kind === "CHANNELS" ? "PUBLISH" : "SPUBLISH";
        for (const text of GARBAGE) await redisCall(port, command, channel, text);
      }
    }
    for (const text of LIES) await redisCall(port, "SPUBLISH", keys.channel, text);
    await redisCall(port, "XADD", keys.log, "*", "foo", "bar");
    await redisCall(port, "XADD", keys.log, "*", "b", "not JSON", "m", "not packed");
    await delay(random.integer(500, 1_500));
    for (const socket of sockets) socket.disconnect();
    await redisCall(port, "DEL", keys.log);
    await redisCall(port, "DEL", keys.user);
  },
};
