/**
 * One user who gets ten times as much as all others together, and what that does to the others.
 *
 * The hot user has a publisher and a client process of its own, so that the others wait for it in Redis and in the gateways
 * only. Times without and with it take turns on one stage.
 *
 * A durable event is undelivered until its user acknowledged it, and a user may have so and so many of those. A hub refuses
 * what is beyond and tells the publisher: a figure of its own, and no loss.
 */
import { type Figure, type Limit, NEVER } from "@doorstep/testkit";

import { figureOf, type LedgerCounts, ledgerFigures } from "../figure-set.ts";
import { Histogram } from "../histogram.ts";
import type { Measurement, Stage } from "../stage.ts";
import type { Target } from "../target.ts";
import type { Workload } from "../workload.ts";

const SERVERS = 2;
const USERS = 1_000;
const EVENTS_PER_S = 1_000;
const HOT_EVENTS_PER_S = 10_000;
/** Long enough for the compilers of V8, which take time from everybody until they are done with what is hot. */
const WARM_UP_S = 10;
const SECONDS = 5;
const TURNS = 2;
const US_PER_MS = 1_000;
/** How many times as late the others' events may be. */
const MOST_RATIO: Limit = { kind: "at most", value: 2 };

interface Load {
  readonly from: number;
  readonly users: number;
  readonly eventsPerS: number;
  readonly seconds: number;
}

interface Counts extends LedgerCounts {
  readonly tally: LedgerCounts["tally"] & Pick<Measurement["tally"], "frames">;
}

export const hotUser: Workload = {
  name: "hot-user",
  title: "1,000 users on 2 gateways at 1,000 events/s, beside one user at 10,000 events/s",
  seconds: 55,
  async run({ target, stage: startStage, cleanUp, count, seconds, log }) {
    const users = count(USERS);
    const stage = await startStage(SERVERS);
    await stage.connect({ from: 0, users });
    await stage.prime(users);
    const hotStage = await stage.beside(cleanUp);
    await hotStage.connect({ from: users, users: 1, server: 0 });
    await hotStage.prime(1, users);

    const runOthers = (s: number) => measure(stage, { from: 0, users, eventsPerS: EVENTS_PER_S, seconds: seconds(s) });
    const runHot = (s: number) =>
      measure(hotStage, { from: users, users: 1, eventsPerS: HOT_EVENTS_PER_S, seconds: seconds(s) });
    const without: Measurement[] = [];
    const beside: Measurement[] = [];
    const hots: Measurement[] = [];
    await Promise.all([runOthers(WARM_UP_S), runHot(WARM_UP_S)]);
    for (let turn = 0; turn < TURNS; turn++) {
      log("without the hot user");
      without.push(await runOthers(SECONDS));
      log("with the hot user");
      const [others, hot] = await Promise.all([runOthers(SECONDS), runHot(SECONDS)]);
      beside.push(others);
      hots.push(hot);
    }
    return [...compareOthers(without, beside, target), ...describeHot(hots, target)];
  },
};

function measure(stage: Stage, { seconds, ...load }: Load): Promise<Measurement> {
  const events = Math.ceil(load.eventsPerS * seconds);
  return stage.measure(() => stage.publisher.call("runOpen", { ...load, events }));
}

function compareOthers(without: readonly Measurement[], beside: readonly Measurement[], { keeps }: Target): Figure[] {
  const [before, after] = [latencyOf(without), latencyOf(beside)];
  const ratio = after.quantile(0.99) / before.quantile(0.99);
  return [
    toFigure("others without it: latency p50", before.quantile(0.5) / US_PER_MS, "ms"),
    toFigure("others without it: latency p99", before.quantile(0.99) / US_PER_MS, "ms"),
    toFigure("others beside it: latency p50", after.quantile(0.5) / US_PER_MS, "ms"),
    toFigure("others beside it: latency p99", after.quantile(0.99) / US_PER_MS, "ms"),
    toFigure("others without it: published late, p99", lateMs(without), "ms"),
    toFigure("others beside it: published late, p99", lateMs(beside), "ms"),
    {
      ...toFigure("others: p99 beside it to p99 without it", ratio, ""),
      ...(keeps === "days" && { limit: MOST_RATIO }),
    },
    ...ledgerFigures(add([...without, ...beside]), keeps === "days").map((figure) => figureOf("others", figure)),
  ];
}

function describeHot(hots: readonly Measurement[], { keeps }: Target): Figure[] {
  const sum = add(hots);
  const latency = latencyOf(hots);
  const secondsOfAll = hots.reduce((total, { usage }) => total + usage.seconds, 0);
  return [
    toFigure("hot user: delivered", sum.tally.distinct / secondsOfAll, "events/s"),
    {
      ...toFigure("hot user: refused of all", sum.load.failed / sum.load.published, ""),
      ...(keeps === "days" && { limit: NEVER }),
    },
    toFigure("hot user: published late, p99", lateMs(hots), "ms"),
    toFigure("hot user: latency p50", latency.quantile(0.5) / US_PER_MS, "ms"),
    toFigure("hot user: latency p99", latency.quantile(0.99) / US_PER_MS, "ms"),
    toFigure("hot user: frames per event", sum.tally.frames / sum.tally.distinct, ""),
    ...ledgerFigures(sum, keeps === "days").map((figure) => figureOf("hot user", figure)),
  ];
}

/** The latest of several: how far the publisher itself was behind, for want of a processor. */
function lateMs(measurements: readonly Measurement[]): number {
  return Math.max(...measurements.map(({ load }) => load.lateP99Us)) / US_PER_MS;
}

function latencyOf(measurements: readonly Measurement[]): Histogram {
  const latency = new Histogram();
  for (const { tally } of measurements) latency.merge(Histogram.from(tally.latency));
  return latency;
}

/** What the figures tell of several measurements together. */
function add(measurements: readonly Measurement[]): Counts {
  const sum = (read: (measurement: Measurement) => number): number =>
    measurements.reduce((total, measurement) => total + read(measurement), 0);
  return {
    load: { published: sum(({ load }) => load.published), failed: sum(({ load }) => load.failed) },
    tally: {
      distinct: sum(({ tally }) => tally.distinct),
      frames: sum(({ tally }) => tally.frames),
      duplicates: sum(({ tally }) => tally.duplicates),
      outOfOrder: sum(({ tally }) => tally.outOfOrder),
      stranded: sum(({ tally }) => tally.stranded),
    },
  };
}

function toFigure(name: string, value: number, unit: string): Figure {
  return { name, value, unit };
}
