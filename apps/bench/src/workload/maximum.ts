/** The most that is delivered while all processes share the machine: a window of events on their way that never empties. */
import { cpuFigures, ledgerFigures } from "../figure-set.ts";
import type { Workload } from "../workload.ts";

const SERVERS = 2;
const USERS = 1_000;
const WINDOW = 500;
const WARM_UP_S = 3;
const SECONDS = 8;

export const maximum: Workload = {
  name: "maximum",
  title: "1,000 users on 2 gateways, closed loop with 500 events on their way",
  seconds: 20,
  async run({ target, stage: startStage, count, seconds }) {
    const users = count(USERS);
    const stage = await startStage(SERVERS);
    await stage.connect({ from: 0, users });
    await stage.prime(users);
    await stage.clients.call("tell", await stage.publisher.call("listen"));
    const run = (s: number) => {
      const load = { from: 0, users, window: count(WINDOW), seconds: seconds(s) };
      return stage.measure(() => stage.publisher.call("runClosed", load));
    };
    await run(WARM_UP_S);
    const measurement = await run(SECONDS);
    const { load, tally, usage } = measurement;
    return [
      { name: "delivered", value: load.delivered / load.seconds, unit: "events/s" },
      ...cpuFigures(usage, tally.distinct),
      { name: "frames per event", value: tally.frames / tally.distinct, unit: "" },
      ...ledgerFigures(measurement, target.keeps === "days"),
    ];
  },
};
