/**
 * Hours in minutes: a steady load while connections come and go, and what memory does meanwhile.
 *
 * Every role's resident memory is looked at every five seconds, and the heap that gateways themselves tell. The first third is
 * warm-up: code is compiled, heaps find their size, and each user's log grows to the number of events that it keeps. After that
 * nothing may grow. Memory goes up and down with each collection of garbage, so trends are those of its low points.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Figure, Limit } from "@doorstep/testkit";

import { latencyFigures, ledgerFigures } from "../figure-set.ts";
import type { Stage } from "../stage.ts";
import { growth, lowest, type Samples, slopePerHour } from "../trend.ts";
import { readRss } from "../usage.ts";
import type { Workload } from "../workload.ts";

const SERVERS = 2;
/** So few that each has as many events as a log keeps when the warm-up is over. */
const USERS = 200;
const EVENTS_PER_S = 1_000;
/** Users who go at a time, and how long they are away. */
const CHURN_USERS = 4;
const AWAY_MS = 1_000;
const SAMPLES_MOST_EVERY_S = 5;
const SAMPLES = 120;
const WARM_UP_SHARE = 1 / 3;
const LOW_POINTS = 12;
const BYTES_PER_MB = 1_024 ** 2;
const HEAP = "gateway heap";
/** Of memory, from the first third after the warm-up to the last. */
const MOST_GROWTH: Limit = { kind: "at most", value: 0.05 };

export const soak: Workload = {
  name: "soak",
  title: "1,000 events/s for 10 minutes to 200 users on 2 gateways, 4 of whom are away at any time",
  seconds: 620,
  isSoak: true,
  takesPart: ({ protocol }) => protocol === "doorstep",
  async run({ target, stage: startStage, count, soakSeconds, plot, log }) {
    const users = count(USERS);
    const stage = await startStage(SERVERS);
    await stage.connect({ from: 0, users });
    await stage.prime(users);

    const load = { from: 0, users, eventsPerS: EVENTS_PER_S, events: Math.ceil(EVENTS_PER_S * soakSeconds) };
    let isOver = false;
    const measuring = stage.measure(async () => {
      try {
        return await stage.publisher.call("runOpen", load);
      } finally {
        isOver = true;
      }
    });
    const everyS = Math.min(SAMPLES_MOST_EVERY_S, soakSeconds / SAMPLES);
    const [measurement, reconnects, memory] = await Promise.all([
      measuring,
      churn(stage, users, () => isOver),
      sample(stage, everyS, { isOver: () => isOver, log }),
    ]);
    for (const [name, points] of memory) plot({ name: `memory of ${name}`, x: "time, s", y: "MB", points });
    return [
      ...[...memory].flatMap(([name, samples]) => describeMemory(name, samples)),
      { name: "reconnects", value: reconnects, unit: "" },
      ...latencyFigures(measurement),
      ...ledgerFigures(measurement, target.keeps === "days"),
    ];
  },
};

/** Sends some users away and brings them back to another server, again and again; answers how many came back. */
async function churn(stage: Stage, users: number, isOver: () => boolean): Promise<number> {
  let reconnects = 0;
  for (let from = 0; !isOver(); from = (from + CHURN_USERS) % users) {
    const size = Math.min(CHURN_USERS, users - from);
    await stage.clients.call("drop", from, size);
    await delay(AWAY_MS);
    await stage.connect({ from, users: size, server: reconnects % SERVERS });
    reconnects += size;
  }
  return reconnects;
}

/** Looks at everybody's memory, in MB, until it is over. */
async function sample(
  stage: Stage,
  everyS: number,
  { isOver, log }: { isOver: () => boolean; log: (line: string) => void },
): Promise<Map<string, [atS: number, mb: number][]>> {
  const samples = new Map<string, [number, number][]>();
  const beganAtMs = performance.now();
  for (let n = 1; !isOver(); n++) {
    const atS = (performance.now() - beganAtMs) / 1_000;
    const looks = Object.entries(await readRss(stage.roles)).map(([role, mb]): [string, number] => [`${role} RSS`, mb]);
    const heapMb = await readHeapMb(stage);
    if (heapMb !== undefined) looks.push([HEAP, heapMb]);
    for (const [name, mb] of looks) {
      const known = samples.get(name);
      if (known === undefined) samples.set(name, [[atS, mb]]);
      else known.push([atS, mb]);
    }
    if (n % 12 === 1)
      log(`${Math.round(atS)} s: ${looks.map(([name, mb]) => `${name} ${mb.toFixed(0)} MB`).join(", ")}`);
    await delay(Math.max(0, n * everyS * 1_000 - (performance.now() - beganAtMs)));
  }
  return samples;
}

/** The heap in use of all servers together; undefined where they do not tell. */
async function readHeapMb({ deployment }: Stage): Promise<number | undefined> {
  const urls = deployment.servers.map(({ metricsUrl }) => metricsUrl).filter((url) => url !== undefined);
  if (urls.length === 0) return undefined;
  const texts = await Promise.all(urls.map(async (url) => (await fetch(url)).text()));
  const bytes = texts.map((text) => Number(/^nodejs_heap_size_used_bytes (\S+)/m.exec(text)?.[1]));
  return bytes.reduce((sum, one) => sum + one, 0) / BYTES_PER_MB;
}

function describeMemory(name: string, samples: Samples): Figure[] {
  const beganS = (samples.at(-1)?.[0] ?? 0) * WARM_UP_SHARE;
  const low = lowest(
    samples.filter(([atS]) => atS >= beganS),
    LOW_POINTS,
  );
  const isHub = !/^(publisher|clients)/.test(name);
  return [
    { name: `${name} at the end`, value: low.at(-1)?.[1] ?? Number.NaN, unit: "MB" },
    { name: `${name}: slope`, value: slopePerHour(low), unit: "MB/h" },
    { name: `${name}: growth`, value: growth(low), unit: "", ...(isHub && { limit: MOST_GROWTH }) },
  ];
}
