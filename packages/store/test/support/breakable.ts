/** A log whose connections a test may cut at the client's end, which a store does not offer. */
import { setImmediate as nextTurn } from "node:timers/promises";

import { Cluster, type Redis } from "ioredis";

import { openConnection } from "../../src/connection.ts";
import { History } from "../../src/history.ts";
import { DEFAULT_LIMITS, keepMs } from "../../src/limit.ts";
import { Log } from "../../src/log.ts";
import { Scripts } from "../../src/script.ts";
import { Witness } from "../../src/witness.ts";

export interface Breakable {
  readonly log: Log;
  /** Cuts what is connected, once what was sent has left the process. */
  readonly breakConnections: () => Promise<void>;
  readonly close: () => void;
}

/** Opens a log on a connection of its own. */
export async function openBreakable(url: string, partitions: number): Promise<Breakable> {
  const connection = await openConnection(url, "command");
  const nodes = (): Redis[] => (connection instanceof Cluster ? connection.nodes("master") : [connection]);
  const scripts = new Scripts(connection);
  const witness = new Witness(scripts, new History(connection, scripts), keepMs(DEFAULT_LIMITS));
  return {
    log: new Log(scripts, DEFAULT_LIMITS, partitions, witness, () => undefined),
    breakConnections: async () => {
      for (let turn = 0; turn < 10; turn++) await nextTurn();
      for (const node of nodes()) node.stream?.destroy();
    },
    close: () => connection.disconnect(),
  };
}
