/** What came while users were away: many users with little, and one with as much as a mailbox takes. */
import type { Figure, Limit } from "@doorstep/testkit";

import { named } from "../figure-set.ts";
import type { Stage } from "../stage.ts";
import type { Workload, WorkloadContext } from "../workload.ts";
import { measureReturn, rehearseReturn, type Return, returnFigures } from "./return.ts";

const SERVERS = 2;
const CROWD: Return = { users: 1_000, eventsEach: 20, eventsPerS: 5_000 };
const HOARDER: Return = { users: 1, eventsEach: 10_000, eventsPerS: 5_000 };
const MAX: Limit = { kind: "at most", value: 1_000 };

export const offline: Workload = {
  name: "offline",
  title: "Events for users who are away: 20 for each of 1,000, then all come back at once; 10,000 for one",
  seconds: 60,
  async run(context) {
    const { count } = context;
    const crowd = { ...CROWD, users: count(CROWD.users) };
    const hoarder = { ...HOARDER, eventsEach: count(HOARDER.eventsEach) };
    return [
      ...named(await measure(context, crowd), "many users"),
      ...named(await measure(context, hoarder), "one user"),
    ];
  },
};

async function measure({ target, withStage, log }: WorkloadContext, away: Return): Promise<Figure[]> {
  log(`${away.users * away.eventsEach} events for ${away.users} users who are away`);
  const isPromised = target.keeps === "days";
  return withStage(SERVERS, async (stage: Stage) => {
    await stage.connect({ from: 0, users: away.users });
    await stage.prime(away.users);
    await rehearseReturn(stage, away.users);
    return returnFigures(await measureReturn(stage, away), isPromised, MAX);
  });
}
