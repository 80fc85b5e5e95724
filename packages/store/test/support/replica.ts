/** Finding and holding up replicas. */
import { type CleanUp, redisCall, type RedisServer } from "@doorstep/testkit";

/** The replica that follows a master now. */
export async function replicaOf(nodes: readonly RedisServer[], master: RedisServer): Promise<RedisServer> {
  for (const node of nodes) {
    const info = String(await redisCall(node.port, "INFO", "replication"));
    if (info.includes("role:slave") && info.includes(`master_port:${master.port}\r\n`)) return node;
  }
  throw new Error(`no node follows the master on port ${master.port}`);
}

/** Freezes a server; answers how to let it go on, which happens after the test at the latest. */
export async function freeze(cleanUp: CleanUp, server: RedisServer): Promise<() => Promise<void>> {
  await server.kill("SIGSTOP");
  const thaw = () => server.kill("SIGCONT");
  cleanUp.add(thaw);
  return thaw;
}
