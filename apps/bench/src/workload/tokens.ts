/**
 * Text of language models as it grows: many runs at a time, each a user's.
 *
 * Each target is used as its users would: Doorstep by a run's message, which puts together what is written within its window;
 * the others by one event a token. For Doorstep that is measured as well, on a stage of its own.
 */
import type { Figure } from "@doorstep/testkit";

import { costFigures, figureOf, latencyFigures, latencySeries, ledgerFigures } from "../figure-set.ts";
import type { Measurement, Stage } from "../stage.ts";
import type { Workload, WorkloadContext } from "../workload.ts";

/** How tokens are published; an action of the publisher. */
type Way = "runTexts" | "runTokens";

const SERVERS = 2;
const RUNS = 200;
const TOKENS_PER_S = 50;
const WARM_UP_S = 3;
const SECONDS = 10;

export const tokens: Workload = {
  name: "tokens",
  title: "200 runs on 2 gateways, each 50 tokens/s",
  seconds: 28,
  async run(context) {
    const measureWay = (way: Way) => context.withStage(SERVERS, (stage) => measure(stage, way, context));
    if (context.target.protocol !== "doorstep") return toFigures(await measureWay("runTokens"), context);
    context.log("text of runs");
    const texts = await measureWay("runTexts");
    context.plot(latencySeries(texts));
    context.log("one event a token");
    const each = toFigures(await measureWay("runTokens"), context);
    return [...toFigures(texts, context), ...each.map((figure) => figureOf("one event a token", figure))];
  },
};

async function measure(stage: Stage, way: Way, { count, seconds }: WorkloadContext): Promise<Measurement> {
  const users = count(RUNS);
  const eventsPerS = users * TOKENS_PER_S;
  await stage.connect({ from: 0, users });
  await stage.prime(users);
  await stage.clients.call("expect", "tokens");
  const run = (s: number) => {
    const load = { from: 0, users, eventsPerS, events: Math.ceil(eventsPerS * seconds(s)) };
    return stage.measure(() => stage.publisher.call(way, load));
  };
  await run(WARM_UP_S);
  return run(SECONDS);
}

function toFigures(measurement: Measurement, { target }: WorkloadContext): Figure[] {
  const { tally } = measurement;
  const figures = [
    ...latencyFigures(measurement),
    ...costFigures(measurement),
    { name: "bytes to the client per event", value: tally.bytes / tally.distinct, unit: "bytes" },
    ...ledgerFigures(measurement, target.keeps === "days"),
  ];
  return figures.map((figure) => perToken(figure));
}

function perToken({ name, ...figure }: Figure): Figure {
  return { name: name.replace("per event", "per token"), ...figure };
}
