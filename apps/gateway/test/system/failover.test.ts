/**
 * A master dies, its replica a little behind, while publishers that want replicas go on: on both topologies that have any.
 * The old master is brought back at once as the new one's replica, as an orchestrator does: without it nobody could confirm
 * a `replicated` publish.
 *
 * What is measured is written to reports/failover.txt. The deadline of 10 s is a promise, not a guess at speed.
 */
import { appendFile, mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "@jest/globals";
import { type Offset, offsetTimeMs } from "@doorstep/protocol";
import { type CleanUp, createCleanUp, eventually, redisCall, type RedisServer } from "@doorstep/testkit";
import { deployAt, type Deployment } from "./support/deployment.ts";
import { connectSdk, type SdkDevice } from "./support/device.ts";
import { type Acknowledged, startLoad } from "./support/load.ts";
import { type Logged, readEvents } from "./support/log.ts";
import { startSixNodes, startWatched, type Topology } from "./support/topology.ts";

const USERS = 24;
const PUBLISHERS = 4;
const PACE_MS = 150;
/** Answers that every user has before the kill, and on the mean again after it. */
const ENOUGH = 20;
/** For so long the master logs what its replica does not get: what is answered as logged would be lost. */
const LAG_MS = 500;
const PROMOTION_MS = 20_000;
const SERVICE_MS = 10_000;
const REPORTS = fileURLToPath(new URL("../../../../reports", import.meta.url));

interface Case {
  readonly name: string;
  readonly start: () => Promise<Topology>;
  /** What a former master is told when it comes back; the nodes of a Cluster know. */
  readonly rejoin: (master: RedisServer) => string[];
}

const CASES: readonly Case[] = [
  { name: "a Cluster of six", start: startSixNodes, rejoin: () => [] },
  { name: "Sentinel", start: startWatched, rejoin: ({ port }) => ["--replicaof", `127.0.0.1 ${port}`] },
];

/** A device, with the time at which its application was handed each event. */
interface Witness {
  readonly userId: string;
  readonly device: SdkDevice;
  readonly atMs: number[];
}

/** The replica that follows a master. */
async function replicaOf({ servers }: Topology, master: RedisServer): Promise<RedisServer> {
  for (const server of servers) {
    const info = String(await redisCall(server.port, "INFO", "replication"));
    if (info.includes(`master_port:${master.port}\r\n`)) return server;
  }
  throw new Error(`nobody follows the master on port ${master.port}`);
}

/** Kills a master whose replica misses the last of what it logged; resolves with the time of the kill. */
async function killWhileBehind(master: RedisServer, replica: RedisServer): Promise<number> {
  await replica.kill("SIGSTOP");
  await redisCall(master.port, "CLIENT", "KILL", "TYPE", "replica");
  const behindAtMs = Date.now();
  await eventually(() => Date.now() - behindAtMs >= LAG_MS);
  const killedAtMs = Date.now();
  await master.kill();
  await replica.kill("SIGCONT");
  return killedAtMs;
}

/** Resolves with the time at which the server is seen to be a master. */
async function promoted({ port }: RedisServer): Promise<number> {
  const isMaster = async () => ((await redisCall(port, "ROLE")) as string[])[0] === "master";
  await eventually(isMaster, { timeoutMs: PROMOTION_MS, intervalMs: 5, message: "the replica was not promoted" });
  return Date.now();
}

/** The time of the first of some happenings that belongs to an event appended from `sinceMs` on; never, if there is none. */
function firstSince(sinceMs: number, happenings: readonly { offset: Offset; atMs: number }[]): number {
  return happenings.find(({ offset }) => offsetTimeMs(offset) >= sinceMs)?.atMs ?? Number.POSITIVE_INFINITY;
}

function arrivals({ device, atMs }: Witness): { offset: Offset; atMs: number }[] {
  return device.events.map(({ offset = "0-0" }, i) => ({ offset, atMs: atMs[i] ?? 0 }));
}

/** Two devices of each user, one at each gateway. */
function connectWitnesses(deployment: Deployment, cleanUp: CleanUp, users: readonly string[]): Witness[] {
  return users.flatMap((userId) =>
    deployment.gateways.map((gateway): Witness => {
      const witness: Witness = { userId, device: connectSdk(deployment, cleanUp, userId, gateway), atMs: [] };
      witness.device.client.on("*", () => void witness.atMs.push(Date.now()));
      return witness;
    }),
  );
}

/**
 * Judges what a device got by its user's log and by what publishers were answered; returns how much was taken back: what
 * was delivered before it was replicated, so that nobody was answered. The device is told of that.
 */
function judge({ userId, device }: Witness, log: readonly Logged[], acknowledged: readonly Acknowledged[]): number {
  const placeOf = new Map(log.map(({ id, offset }) => [id, offset]));
  const placed = acknowledged.filter((event) => event.userId === userId).map(({ id, offset }) => [id, offset]);
  expect(placed).toEqual(placed.map(([id = ""]) => [id, placeOf.get(id)]));

  const ids = new Set(device.events.map(({ id }) => id));
  expect(ids.size).toBe(device.events.length);
  const takenBack = new Set(device.events.filter(({ id, offset }) => placeOf.get(id) !== offset).map(({ id }) => id));
  const kept = device.events.filter(({ id }) => !takenBack.has(id)).map(({ offset }) => offset);
  expect(kept).toEqual(log.filter(({ id }) => !takenBack.has(id)).map(({ offset }) => offset));
  if (takenBack.size > 0) expect(device.gaps).toContainEqual(expect.objectContaining({ reason: "failover" }));
  return takenBack.size;
}

async function report(line: string): Promise<void> {
  await mkdir(REPORTS, { recursive: true });
  await appendFile(`${REPORTS}/failover.txt`, `${new Date().toISOString()} ${line}\n`);
}

describe.each(CASES)("a master is killed under load while its replica lags, on $name", ({ name, start, rejoin }) => {
  const cleanUp = createCleanUp();
  afterEach(() => cleanUp.run(), 60_000);

  it("P1 P2 P5 loses nothing that was acknowledged as replicated, and serves within 10 s of the promotion", async () => {
    const topology = await start();
    cleanUp.add(() => topology.stop());
    const deployment = await deployAt(topology.url, cleanUp);
    const { log } = deployment.store;
    const users = Array.from({ length: USERS }, (_, i) => `user-${i}`);
    const witnesses = connectWitnesses(deployment, cleanUp, users);
    await eventually(() => witnesses.every(({ device }) => device.client.state.status === "live"));
    const acknowledged: Acknowledged[] = [];
    const loads = await Promise.all(
      Array.from({ length: PUBLISHERS }, (_, i) =>
        startLoad(cleanUp, { redisUrl: topology.url, name: `p${i}`, users, paceMs: PACE_MS }, acknowledged),
      ),
    );
    const answersOf = (user: string) => acknowledged.filter(({ userId }) => userId === user);
    await eventually(() => users.every((user) => answersOf(user).length >= ENOUGH), { timeoutMs: 20_000 });

    const master = await topology.masterOf(log.keysOf("user-0").log);
    const masters = await Promise.all(users.map((user) => topology.masterOf(log.keysOf(user).log)));
    const orphans = users.filter((_, i) => masters[i]?.port === master.port);
    const replica = await replicaOf(topology, master);
    const killedAtMs = await killWhileBehind(master, replica);
    const promotedAtMs = await promoted(replica);
    await master.restart(rejoin(replica));

    const answeredMs = () => orphans.map((user) => firstSince(promotedAtMs, answersOf(user)));
    const deliveredMs = () =>
      witnesses.filter(({ userId }) => orphans.includes(userId)).map((w) => firstSince(promotedAtMs, arrivals(w)));
    await eventually(() => [...answeredMs(), ...deliveredMs()].every(Number.isFinite), {
      timeoutMs: promotedAtMs + SERVICE_MS - Date.now(),
      message: "not every user was served in time",
    });
    const [answered = 0, delivered = 0] = [answeredMs(), deliveredMs()].map((ms) => Math.max(...ms) - promotedAtMs);
    const served = acknowledged.length;
    await eventually(() => acknowledged.length >= served + ENOUGH * USERS, { timeoutMs: 20_000 });

    const exits = await Promise.all(loads.map((load) => load.stop()));
    expect(exits.map(({ code }) => code)).toEqual(loads.map(() => 0));
    const logs = new Map<string, Logged[]>();
    // The store has not asked since the kill, and learns at its first question that a master has moved.
    for (const user of users) logs.set(user, await eventually(() => readEvents(deployment.store, user)));
    const isComplete = ({ userId, device }: Witness) => {
      const ids = new Set(device.events.map(({ id }) => id));
      return logs.get(userId)?.every(({ id }) => ids.has(id)) === true;
    };
    await eventually(() => witnesses.every(isComplete), { timeoutMs: 20_000, message: "not everything came" });
    const takenBack = witnesses.map((witness) => judge(witness, logs.get(witness.userId) ?? [], acknowledged));
    await report(
      [
        `${name}: promoted ${promotedAtMs - killedAtMs} ms after the kill`,
        `within ${answered} ms of that ${orphans.length} users had a publish answered`,
        `within ${delivered} ms their ${2 * orphans.length} devices an event`,
        `${acknowledged.length} acknowledged, 0 lost, ${takenBack.reduce((sum, n) => sum + n, 0)} taken back`,
      ].join(", "),
    );
  }, 120_000);
});
