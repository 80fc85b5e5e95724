/**
 * A crowd that only stays: how long it takes to connect, and what each connection weighs.
 *
 * It comes twice. First so many at a time, each place taken by the next user: what servers can take when nobody pushes.
 * Then all leave and come back at the same moment, and again and again as clients do where a server refuses them or does
 * not answer. Some other users are connected all the time, so that what a process takes for its first connections is not
 * counted. Each user gets one event at the end, which shows that the connections are good for something.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Figure } from "@doorstep/testkit";

import { figureOf, ledgerFigures } from "../figure-set.ts";
import { assertOpenFiles } from "../open-files.ts";
import type { Stage } from "../stage.ts";
import { readRss, watchUsage } from "../usage.ts";
import type { Workload } from "../workload.ts";

const SERVERS = 2;
const USERS = 10_000;
const WARM_UP_USERS = 500;
const AT_ONCE = 100;
/** Time for the collector of garbage, and for what is done in the background. */
const SETTLE_MS = 3_000;
const EVENTS_PER_S = 2_000;
const KB_PER_MB = 1_024;
const US_PER_S = 1e6;

export const idle: Workload = {
  name: "idle",
  title: "10,000 users connect to 2 gateways, 100 at a time and then all at once, and stay",
  seconds: 60,
  async run({ target, stage: startStage, count, log }) {
    const users = count(USERS);
    const first = count(WARM_UP_USERS);
    await assertOpenFiles(users + first);
    const stage = await startStage(SERVERS);
    await stage.connect({ from: users, users: first });
    await stage.prime(first, users);
    await delay(SETTLE_MS);
    const before = await readRss(stage.roles);

    log(`${users} users, ${AT_ONCE} at a time`);
    const steady = await measureConnect(stage, users, AT_ONCE);
    await delay(SETTLE_MS);
    const after = await readRss(stage.roles);
    log("all at once");
    await stage.clients.call("drop", 0, users);
    await delay(SETTLE_MS);
    const storm = await measureConnect(stage, users, users);
    await delay(SETTLE_MS);
    const { connected } = await stage.clients.call("look");
    const events = { from: 0, users, eventsPerS: EVENTS_PER_S, events: users };
    const measurement = await stage.measure(() => stage.publisher.call("runOpen", events));

    const grownKb = (role: string): number => (((after[role] ?? 0) - (before[role] ?? 0)) * KB_PER_MB) / users;
    return [
      { name: "gateway RSS per idle connection", value: grownKb("gateway"), unit: "KB" },
      { name: "Redis RSS per idle connection", value: grownKb("redis"), unit: "KB" },
      ...steady.map((figure) => figureOf("100 at a time", figure)),
      ...storm.map((figure) => figureOf("all at once", figure)),
      { name: "not connected", value: users + first - connected, unit: "" },
      ...ledgerFigures(measurement, target.keeps === "days"),
    ];
  },
};

async function measureConnect(stage: Stage, users: number, atOnce: number): Promise<Figure[]> {
  await stage.clients.call("reset");
  const endUsage = await watchUsage(stage.roles, stage.redis.port);
  const connectS = await stage.connect({ from: 0, users, atOnce });
  const { cpuS, redis, rssMb } = await endUsage();
  const { breaks } = await stage.clients.call("report");
  const cpu = ["gateway", "redis", "clients"].map((role) => ({
    name: `${role} CPU per connect`,
    value: ((cpuS[role] ?? 0) * US_PER_S) / users,
    unit: "us",
  }));
  return [
    { name: "connected after", value: connectS, unit: "s" },
    { name: "handshakes that failed", value: breaks, unit: "" },
    ...cpu,
    { name: "Redis commands per connect", value: redis.commands / users, unit: "" },
    { name: "gateways' RSS, all together", value: rssMb["gateway"] ?? Number.NaN, unit: "MB" },
  ];
}
