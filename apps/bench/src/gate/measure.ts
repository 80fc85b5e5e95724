/**
 * What the gate counts: a connect, an event alone, events that come together, what an event takes in Redis' memory, what an
 * idle hub asks of Redis, and the same with four gateways.
 */
import { type CleanUp, createCleanUp, type Figure, redisCall } from "@doorstep/testkit";

import { measureIdleCourier, measureIdleGateway } from "./idle.ts";
import { type Count, Scene } from "./scene.ts";

const USERS = 50;
const TOGETHER = 10;
const ROUNDS = 6;
const GATEWAYS = 4;
/** P9: the cost of an event does not grow with the number of gateways. */
const FLAT = { kind: "at most", value: 1.05 } as const;
const ONE = { kind: "at most", value: 1 } as const;
const ALL = Array.from({ length: USERS }, (_, user) => user);

const MEMORY = `local sum = 0
for _, key in ipairs(redis.call("KEYS", "*")) do sum = sum + redis.call("MEMORY", "USAGE", key, "SAMPLES", 0) end
return sum`;

interface EventCounts {
  readonly connect: Count;
  readonly ways: ReadonlyMap<string, Count>;
  /** Bytes per event. */
  readonly memory: number;
}

/** Measures everything, side by side, in some seconds. */
export async function measureGate(): Promise<Figure[]> {
  const [one, four, gateway, courier] = await Promise.all([
    undone((cleanUp) => measureEvents(1, cleanUp)),
    undone((cleanUp) => measureEvents(GATEWAYS, cleanUp)),
    undone((cleanUp) => measureIdleGateway(USERS, cleanUp)),
    undone((cleanUp) => measureIdleCourier(cleanUp)),
  ]);
  return [
    ...perConnect(one.connect),
    ...[...one.ways].flatMap(([way, count]) => perEvent(way, count)),
    { name: "Redis memory per logged event", value: one.memory, unit: "bytes" },
    ...[...one.ways].flatMap(([way, count]) => compare(way, count, four.ways.get(way))),
    ...gateway,
    ...courier,
  ];
}

/** Ends what something started as soon as it is done. */
async function undone<T>(body: (cleanUp: CleanUp) => Promise<T>): Promise<T> {
  const cleanUp = createCleanUp();
  try {
    return await body(cleanUp);
  } finally {
    await cleanUp.run();
  }
}

/** Everything about events with a number of gateways; each time from an empty Redis on, since logs grow. */
async function measureEvents(gateways: number, cleanUp: CleanUp): Promise<EventCounts> {
  const scene = await Scene.start(cleanUp);
  await scene.addGateways(gateways);
  const connect = await scene.count(() => scene.connect(USERS));
  // Scripts are loaded, streams made, counters of two digits.
  for (let round = 0; round < ROUNDS; round++) await scene.publish(ALL);
  const before = await readMemory(scene);
  const ways = await countEvents(scene);
  const events = [...ways.values()].reduce((sum, count) => sum + count.events, 0);
  return { connect, ways, memory: ((await readMemory(scene)) - before) / events };
}

/** The ways in which events come, each counted. */
async function countEvents(scene: Scene): Promise<Map<string, Count>> {
  const alone = async (): Promise<void> => {
    for (const user of [...ALL, ...ALL]) await scene.publish([user]);
  };
  const toOneUser = async (): Promise<void> => {
    for (const user of ALL) await scene.publish(Array.from({ length: TOGETHER }, () => user));
  };
  const toAllUsers = async (): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) await scene.publish(ALL);
  };
  return new Map([
    ["alone", await scene.count(alone)],
    [`${TOGETHER} at once to one user`, await scene.count(toOneUser)],
    [`${USERS} at once to ${USERS} users`, await scene.count(toAllUsers)],
  ]);
}

function perConnect({ commands, bytesIn, bytesOut }: Count): Figure[] {
  return [
    { name: "Redis commands per connect", value: commands / USERS, unit: "" },
    { name: "Redis bytes per connect", value: (bytesIn + bytesOut) / USERS, unit: "bytes" },
  ];
}

function perEvent(way: string, count: Count): Figure[] {
  const figure = (name: string, value: number, unit = ""): Figure => ({
    name: `${way}: ${name}`,
    value: value / count.events,
    unit,
  });
  return [
    figure("Redis commands per event", count.commands),
    figure("script calls per event", count.scriptCalls),
    figure("Redis bytes in per event", count.bytesIn, "bytes"),
    figure("Redis bytes out per event", count.bytesOut, "bytes"),
    figure("frame bytes per event", count.frameBytes, "bytes"),
    // How many events meet in one tick of a gateway, and so in one frame, depends on time; but none makes two of them.
    { ...figure("frames per event", count.frames), limit: ONE },
  ];
}

/** Commands and bytes of an event with four gateways to those with one. */
function compare(way: string, one: Count, four: Count | undefined): Figure[] {
  const figure = (name: string, of: (count: Count) => number): Figure => ({
    name: `${GATEWAYS} gateways to 1, ${way}: ${name} per event`,
    value: four === undefined ? Number.NaN : of(four) / four.events / (of(one) / one.events),
    unit: "x",
    limit: FLAT,
  });
  return [
    figure("Redis commands", ({ commands }) => commands),
    figure("Redis bytes", ({ bytesIn, bytesOut }) => bytesIn + bytesOut),
  ];
}

async function readMemory({ redis }: Scene): Promise<number> {
  return Number(await redisCall(redis.port, "EVAL", MEMORY, 0));
}
