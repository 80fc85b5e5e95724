/** Power loss: Redis dies, and the end of its append-only file was not on disk. Acknowledged writes are gone. */
import { aofBytes, cutAof } from "@doorstep/testkit";

import type { Fault } from "../fault.ts";
import { soleServer } from "../redis.ts";

export const aofTailCut: Fault = {
  name: "aof-tail-cut",
  does: "kills redis-server, cuts up to 40 kB off its append-only file and starts it",
  lossy: "aof",
  async run({ hub }, random) {
    const server = soleServer(hub.redis);
    await server.kill();
    await cutAof(server, (await aofBytes(server)) - random.integer(2_000, 40_000));
    await server.restart();
  },
};
