/**
 * What an event costs Redis: stored, deduplicated, indexed and published, beside the bare pair XADD + SPUBLISH of the same
 * body. One repetition runs every load once, each on a Redis of its own with AOF on.
 *
 * CPU is what the operating system counts for the server, so what a load costs its own process does not show.
 */
import { type CleanUp, createCleanUp, type Figure, startRedis } from "@doorstep/testkit";
import { type RedisUsage, readUsage } from "./info.ts";
import { drive, type LoadKind, pair, publish, publishMany } from "./load.ts";

export interface RedisCostOptions {
  /** Events of each load that count; a fifth more goes before them. @default 200000 */
  readonly events?: number;
  /** Runs the loads in the opposite order, so that no load has the same neighbour in every repetition. @default false */
  readonly isReversed?: boolean;
  /** Told the name of each load as it begins. Default: nobody. */
  readonly onLoad?: (name: string) => void;
}

/** A load, with what was promised of its cost as a multiple of the pair's. */
interface Comparison {
  readonly kind: LoadKind;
  readonly most?: number;
}

const PAIR = "pair";
const COMPARISONS: readonly Comparison[] = [
  { kind: pair(PAIR) },
  { kind: publish("publish"), most: 3 },
  { kind: publish("publish, caller's ids", true) },
  { kind: publishMany("publishMany, 10 a user", 10), most: 1.8 },
];
const WARM_UP_SHARE = 0.2;

/** Runs all loads once, one after the other. */
export async function measureRedisCost(options: RedisCostOptions = {}): Promise<Figure[]> {
  const { events = 200_000, isReversed = false, onLoad = () => undefined } = options;
  const usages = new Map<string, RedisUsage>();
  for (const { kind } of isReversed ? COMPARISONS.toReversed() : COMPARISONS) {
    onLoad(kind.name);
    usages.set(kind.name, await measure(kind, events));
  }
  return COMPARISONS.flatMap((comparison) => figuresOf(comparison, usages));
}

async function measure(kind: LoadKind, events: number): Promise<RedisUsage> {
  const cleanUp = createCleanUp();
  try {
    return await measureOn(cleanUp, kind, events);
  } finally {
    await cleanUp.run();
  }
}

/** Per event. */
async function measureOn(cleanUp: CleanUp, kind: LoadKind, events: number): Promise<RedisUsage> {
  const redis = await startRedis();
  cleanUp.add(() => redis.stop());
  const load = await kind.open(redis.url);
  cleanUp.add(() => load.close());
  await drive(load, kind, events * WARM_UP_SHARE);
  const before = await readUsage(redis.port);
  await drive(load, kind, events);
  const after = await readUsage(redis.port);
  const per = (name: keyof RedisUsage): number => (after[name] - before[name]) / events;
  return {
    cpuUs: per("cpuUs"),
    bytesIn: per("bytesIn"),
    bytesOut: per("bytesOut"),
    commands: per("commands"),
    scriptUs: per("scriptUs"),
    inner: per("inner"),
  };
}

function figuresOf({ kind, most }: Comparison, usages: ReadonlyMap<string, RedisUsage>): Figure[] {
  const usage = usages.get(kind.name);
  if (usage === undefined) return [];
  const { name } = kind;
  const figures: Figure[] = [
    { name: `${name}: Redis CPU`, value: usage.cpuUs, unit: "us/event" },
    { name: `${name}: script time`, value: usage.scriptUs, unit: "us/event" },
    { name: `${name}: commands sent`, value: usage.commands, unit: "per event" },
    { name: `${name}: commands run`, value: usage.inner, unit: "per event" },
    { name: `${name}: in`, value: usage.bytesIn, unit: "bytes/event" },
    { name: `${name}: out`, value: usage.bytesOut, unit: "bytes/event" },
  ];
  const pairCpuUs = usages.get(PAIR)?.cpuUs;
  if (name === PAIR || pairCpuUs === undefined) return figures;
  const limit = most === undefined ? {} : { limit: { kind: "at most" as const, value: most } };
  return [...figures, { name: `${name} / ${PAIR}: Redis CPU`, value: usage.cpuUs / pairCpuUs, unit: "x", ...limit }];
}
