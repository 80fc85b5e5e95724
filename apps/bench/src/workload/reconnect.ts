/** A reconnect storm: thousands of clients in the same moment, each with something to catch up on. */
import type { Limit } from "@doorstep/testkit";

import { assertOpenFiles } from "../open-files.ts";
import type { Workload } from "../workload.ts";
import { measureReturn, rehearseReturn, returnFigures } from "./return.ts";

const SERVERS = 2;
const USERS = 5_000;
const EVENTS_EACH = 20;
const EVENTS_PER_S = 5_000;
const MAX: Limit = { kind: "at most", value: 5_000 };
const MAX_MB: Limit = { kind: "at most", value: 1_500 };

export const reconnect: Workload = {
  name: "reconnect",
  title: "5,000 clients reconnect to 2 gateways at once, each 20 events behind",
  seconds: 75,
  async run({ target, stage: startStage, count, log }) {
    const users = count(USERS);
    await assertOpenFiles(users);
    const stage = await startStage(SERVERS);
    const isPromised = target.keeps === "days";
    await stage.connect({ from: 0, users });
    await stage.prime(users);
    await rehearseReturn(stage, users);
    log(`${users * EVENTS_EACH} events for ${users} users who are away`);
    const report = await measureReturn(stage, { users, eventsEach: EVENTS_EACH, eventsPerS: EVENTS_PER_S });
    return [
      ...returnFigures(report, isPromised, MAX),
      { name: "most memory of a gateway", value: report.peakMb, unit: "MB", ...(isPromised ? { limit: MAX_MB } : {}) },
    ];
  },
};
