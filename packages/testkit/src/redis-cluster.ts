/**
 * A real Redis Cluster on this machine.
 *
 * Every node is a `startRedis` of its own. They are joined by the commands that `redis-cli --cluster create` sends, as a
 * redis-cli need not be there: slots and epochs first, then MEET, then REPLICATE. Failover is quick: a master that is
 * silent for 2 s is replaced by its replica, however old the replica's data is.
 */
import { createCleanUp } from "./clean-up.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";
import { redisCall } from "./redis-call.ts";
import { type RedisServer, toArguments } from "./redis-process.ts";
import { type RedisOptions, startRedis } from "./redis-server.ts";

/** How large it is, and what its nodes are started with. */
export interface ClusterOptions extends Pick<RedisOptions, "args" | "binary" | "log"> {
  /** At least 3. @default 3 */
  masters?: number;
  /** Replicas of each master. @default 1 */
  replicas?: number;
}

/** A cluster that serves. */
export interface RedisCluster {
  /** `redis+cluster://` with the masters of the start. */
  readonly url: string;
  /** The masters of the start, then their replicas: replica i belongs to master i modulo the number of masters. */
  readonly nodes: readonly RedisServer[];
  /** Finds the node that is now master of a key's slot. */
  masterOf(key: string): Promise<RedisServer>;
  /** Ends all nodes. Idempotent. */
  stop(): Promise<void>;
}

const SLOTS = 16_384;
const JOIN_TIMEOUT_MS = 30_000;

const SETTINGS = {
  "cluster-enabled": "yes",
  "cluster-announce-ip": "127.0.0.1",
  "cluster-node-timeout": 2_000,
  "cluster-replica-validity-factor": 0,
  // A replica's first copy starts at once instead of after 5 s.
  "repl-diskless-sync-delay": 0,
};

interface Member {
  server: RedisServer;
  busPort: number;
  id: string;
}

/** Starts a cluster; resolves when every node says it is ok and every replica follows its master. */
export async function startCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  const { masters: masterCount = 3, replicas: replicaCount = 1, ...serverOptions } = options;
  if (masterCount < 3) throw new RangeError("masters must be at least 3, fewer cannot elect");
  const cleanUp = createCleanUp();
  try {
    const members: Member[] = [];
    while (members.length < masterCount * (1 + replicaCount)) {
      const member = await startMember(serverOptions);
      cleanUp.add(() => member.server.stop());
      members.push(member);
    }
    const masters = members.slice(0, masterCount);
    await assignSlots(masters);
    await meet(members);
    await replicate(masters, members.slice(masterCount));
    await untilServing(members, masterCount);
    const nodes = members.map((member) => member.server);
    const hosts = masters.map(({ server }) => `127.0.0.1:${server.port}`);
    return {
      url: `redis+cluster://${hosts.join(",")}`,
      nodes,
      masterOf: (key) => findMaster(nodes, key),
      stop: () => cleanUp.run(),
    };
  } catch (error) {
    await cleanUp.run();
    throw error;
  }
}

async function startMember(options: Pick<RedisOptions, "args" | "binary" | "log">): Promise<Member> {
  const busPort = await freePort();
  const settings = { ...SETTINGS, "cluster-port": busPort };
  const args = [...toArguments(settings), ...(options.args ?? [])];
  const server = await startRedis({ ...options, args });
  return { server, busPort, id: String(await redisCall(server.port, "CLUSTER", "MYID")) };
}

async function assignSlots(masters: Member[]): Promise<void> {
  for (const [index, { server }] of masters.entries()) {
    const first = Math.floor((index * SLOTS) / masters.length);
    const last = Math.floor(((index + 1) * SLOTS) / masters.length) - 1;
    await redisCall(server.port, "CLUSTER", "ADDSLOTSRANGE", first, last);
    await redisCall(server.port, "CLUSTER", "SET-CONFIG-EPOCH", index + 1);
  }
}

async function meet(members: Member[]): Promise<void> {
  const [first, ...others] = members;
  for (const { server, busPort } of others) {
    await redisCall(Number(first?.server.port), "CLUSTER", "MEET", "127.0.0.1", server.port, busPort);
  }
}

async function replicate(masters: Member[], replicas: Member[]): Promise<void> {
  for (const [index, { server }] of replicas.entries()) {
    const masterId = String(masters[index % masters.length]?.id);
    // Fails until gossip has told the replica about its master.
    await eventually(async () => (await redisCall(server.port, "CLUSTER", "REPLICATE", masterId)) === "OK", {
      timeoutMs: JOIN_TIMEOUT_MS,
      message: `the node on port ${server.port} did not become a replica`,
    });
  }
}

/** Every node knows all the others and their roles, all slots are served, and every replica has its master's data. */
async function untilServing(members: Member[], masterCount: number): Promise<void> {
  const isServing = async ({ server: { port } }: Member): Promise<boolean> => {
    const info = String(await redisCall(port, "CLUSTER", "INFO"));
    const nodes = String(await redisCall(port, "CLUSTER", "NODES"));
    const replication = String(await redisCall(port, "INFO", "replication"));
    return (
      info.includes("cluster_state:ok") &&
      info.includes(`cluster_known_nodes:${members.length}\r\n`) &&
      nodes.split("slave ").length - 1 === members.length - masterCount &&
      !replication.includes("master_link_status:down")
    );
  };
  for (const member of members) {
    await eventually(() => isServing(member), {
      timeoutMs: JOIN_TIMEOUT_MS,
      message: `the cluster did not become ok on port ${member.server.port}`,
    });
  }
}

async function findMaster(nodes: readonly RedisServer[], key: string): Promise<RedisServer> {
  for (const { port } of nodes) {
    try {
      const slot = Number(await redisCall(port, "CLUSTER", "KEYSLOT", key));
      const ranges = (await redisCall(port, "CLUSTER", "SLOTS")) as [number, number, [string, number]][];
      const owner = ranges.find(([first, last]) => first <= slot && slot <= last)?.[2][1];
      const master = nodes.find((node) => node.port === owner);
      if (master !== undefined) return master;
    } catch (error) {
      // A node that is down cannot tell; the next one is asked.
      if (nodes.at(-1)?.port === port) throw error;
    }
  }
  throw new Error(`no node of the cluster knows the master of ${key}`);
}
