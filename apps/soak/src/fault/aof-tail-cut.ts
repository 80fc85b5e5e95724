/** Power loss: Redis dies, and the end of its append-only file was not on disk. Acknowledged writes are gone. */
import { readdir, stat, truncate } from "node:fs/promises";
import { join } from "node:path";

import type { Fault } from "../fault.ts";
import { soleServer } from "../redis.ts";

export const aofTailCut: Fault = {
  name: "aof-tail-cut",
  does: "kills redis-server, cuts up to 40 kB off its append-only file and starts it",
  lossy: "aof",
  async run({ hub }, random) {
    const server = soleServer(hub.redis);
    await server.kill();
    const folder = join(server.dir, "appendonlydir");
    const name = (await readdir(folder)).find((file) => file.endsWith(".incr.aof"));
    if (name === undefined) throw new Error(`there is no append-only file in ${folder}`);
    const { size } = await stat(join(folder, name));
    await truncate(join(folder, name), Math.max(0, size - random.integer(2_000, 40_000)));
    await server.restart();
  },
};
