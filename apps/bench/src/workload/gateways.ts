/**
 * How cost grows with the number of gateways: with users spread over all of them, and with all users on the first of them,
 * where whatever the others do is waste.
 */
import type { Figure } from "@doorstep/testkit";

import { costFigures, ledgerFigures } from "../figure-set.ts";
import type { Stage } from "../stage.ts";
import type { Target } from "../target.ts";
import type { Workload, WorkloadContext } from "../workload.ts";

const NUMBERS = [1, 2, 4, 8];
const USERS = 1_000;
const EVENTS_PER_S = 1_000;
/** The ping interval of all targets: users who came over that time are pinged, and acknowledge, at all times alike. */
const CONNECT_S = 25;
const WARM_UP_S = 12;
const SECONDS = 6;
const MEASURED = /^(gateway|redis) CPU|Redis (commands|bytes)/;

export const gateways: Workload = {
  name: "gateways",
  title: "1,000 users on 1, 2, 4, 8 gateways, 1,000 events/s: spread, and all on one of them",
  seconds: 330,
  async run(context) {
    const figures: Figure[] = [];
    for (const servers of NUMBERS) {
      figures.push(...(await context.withStage(servers, (stage) => measure(stage, servers, context))));
    }
    return figures;
  },
};

async function measure(stage: Stage, servers: number, context: WorkloadContext): Promise<Figure[]> {
  const users = context.count(USERS);
  context.log(`${servers} gateways, users spread`);
  await stage.connect({ from: 0, users, overS: context.seconds(CONNECT_S) });
  const spread = await measureCost(stage, users, context);
  if (servers === 1) return named(spread, "1 gateway");
  context.log(`${servers} gateways, users on one`);
  await stage.connect({ from: 0, users, server: 0, overS: context.seconds(CONNECT_S) });
  const onOne = await measureCost(stage, users, context);
  return [...named(spread, `${servers} gateways`), ...named(onOne, `all on one of ${servers} gateways`)];
}

async function measureCost(stage: Stage, users: number, context: WorkloadContext): Promise<Figure[]> {
  await stage.prime(users);
  const run = (s: number) => {
    const load = { from: 0, users, eventsPerS: EVENTS_PER_S, events: Math.ceil(EVENTS_PER_S * context.seconds(s)) };
    return stage.measure(() => stage.publisher.call("runOpen", load));
  };
  await run(WARM_UP_S);
  const measurement = await run(SECONDS);
  return [
    ...costFigures(measurement).filter(({ name }) => MEASURED.test(name)),
    ...ledgerFigures(measurement, isLossless(stage.target)),
  ];
}

function isLossless({ keeps }: Target): boolean {
  return keeps === "days";
}

function named(figures: readonly Figure[], what: string): Figure[] {
  return figures.map((figure) => ({ ...figure, name: `${what}: ${figure.name}` }));
}
